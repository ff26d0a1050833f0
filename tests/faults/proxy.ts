//! A TCP proxy that behaves as bad networks do: it cuts, falls silent, loses its other side without a word, and is slow.
import { createServer, connect as dial, type Socket } from 'node:net'

export type TcpProxy = AsyncDisposable & {
  readonly port: number
  /** Ends every connection at once. New ones are taken. */
  cut(): void
  /** Takes no new connections (those that try are reset) and ends the others. */
  refuse(): void
  /** Nothing passes any more in either direction, and nobody is told; what is sent waits, as in a network that is away. */
  stall(): void
  /** The target's side of every connection ends, and the caller is not told: its connection stays, half-open. */
  halfOpen(): void
  /** What is sent arrives, and what comes back waits, as with a line that is broken in one direction. */
  deafen(): void
  /** Every piece from now on takes so long; the order stays. */
  delay(ms: number): void
  /** Everything passes again; what waited goes on, but half-open connections stay as they are. */
  heal(): void
}

type Pair = { readonly near: Socket; readonly far: Socket; readonly lines: Line[]; lost: boolean }

type Piece = string | Uint8Array

/** One direction of a connection: pieces may be late, and stay in their order. */
class Line {
  readonly #write: (data: Piece) => unknown
  #waiting: { readonly data: Piece; readonly dueAt: number }[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(write: (data: Piece) => unknown) {
    this.#write = write
  }

  pass(data: Piece, delayMs: number): void {
    if (delayMs === 0 && this.#waiting.length === 0) {
      this.#write(data)
      return
    }
    this.#waiting.push({ data, dueAt: performance.now() + delayMs })
    this.#timer ??= setTimeout(() => this.#passDue(), delayMs)
  }

  /** Nothing waits any longer. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const { data } of this.#waiting.splice(0)) this.#write(data)
  }

  #passDue(): void {
    this.#timer = undefined
    const now = performance.now()
    while ((this.#waiting[0]?.dueAt ?? Number.POSITIVE_INFINITY) <= now) {
      const due = this.#waiting.shift()
      if (due !== undefined) this.#write(due.data)
    }
    const next = this.#waiting[0]
    if (next !== undefined) this.#timer = setTimeout(() => this.#passDue(), Math.max(1, next.dueAt - now))
  }
}

/** Listens on a port of 127.0.0.1 and passes everything on to another. */
export async function startProxy(listen: { readonly port: number; readonly to: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>()
  let refusing = false
  let stalled = false
  let deaf = false
  let delayMs = 0

  const server = createServer((near) => {
    if (refusing) {
      near.resetAndDestroy()
      return
    }
    const far = dial({ host: '127.0.0.1', port: listen.to })
    const pair: Pair = { near, far, lines: [], lost: false }
    pairs.add(pair)
    pass(near, far, pair)
    pass(far, near, pair)
    if (stalled) pause(pair)
    if (deaf) far.pause()
  })

  function pass(from: Socket, to: Socket, pair: Pair): void {
    const line = new Line((data) => to.writable && to.write(data))
    pair.lines.push(line)
    from.setNoDelay(true)
    from.on('data', (data) => {
      if (!pair.lost) line.pass(data, delayMs)
    })
    from.on('error', () => undefined) // told by 'close' as well
    from.on('close', () => {
      if (pair.lost) {
        if (from === pair.near) pairs.delete(pair)
        return
      }
      pairs.delete(pair)
      to.destroy()
    })
  }

  const pause = ({ near, far }: Pair) => {
    near.pause()
    far.pause()
  }
  const cut = () => {
    for (const { near, far } of pairs) {
      near.destroy()
      far.destroy()
    }
    pairs.clear()
  }
  const close = async () => {
    cut()
    const { promise, resolve } = Promise.withResolvers<void>()
    server.close(() => resolve())
    await promise
  }

  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(listen.port, '127.0.0.1', listening.resolve)
  await listening.promise
  return {
    port: listen.port,
    cut,
    refuse() {
      refusing = true
      cut()
    },
    stall() {
      stalled = true
      for (const pair of pairs) pause(pair)
    },
    deafen() {
      deaf = true
      for (const { far } of pairs) far.pause()
    },
    halfOpen() {
      for (const pair of pairs) {
        pair.lost = true
        pair.far.destroy()
      }
    },
    delay(ms) {
      delayMs = ms
    },
    heal() {
      refusing = false
      stalled = false
      deaf = false
      delayMs = 0
      for (const { near, far, lines } of pairs) {
        for (const line of lines) line.flush()
        near.resume()
        far.resume()
      }
    },
    [Symbol.asyncDispose]: close,
  }
}
