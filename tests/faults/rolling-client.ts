//! A client as a good HTTP client is: keeps connections, leaves those that are asked to close, and asks again only what certainly did not arrive.
import { connect, type Socket } from 'node:net'
import { type CallOptions, keyHeader, type Reply, type Shop } from './shop.ts'

/** What it came to, over all calls. */
export type Calls = {
  answered: number
  /** Nobody listened: certainly nothing arrived, and it was asked again. */
  notArrived: number
  /**
   * Sent in the instant in which the connection was closed, as HTTP lets any server do with one that is idle, and as the kernel
   * does with one that no process has taken yet. Asked again; had it been carried out, its key would tell, and it is lost.
   */
  cutOff: number
  /** Sent and never answered, or carried out though its caller was cut off. */
  lost: string[]
  /** Answers that mean "not now", by service, status and code. */
  notNow: Record<string, number>
}

const answerTimeoutMs = 30_000
const patienceMs = 20_000
const pauseMs = 20

/** Where a service is to be asked: asked anew for each try. */
export type UrlOf = (service: string) => string

export type Asked = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export type Told = Reply & { readonly headers: Headers }

export class RollingClient {
  readonly calls: Calls = { answered: 0, notArrived: 0, cutOff: 0, lost: [], notNow: {} }
  readonly #urlOf: UrlOf
  readonly #idle = new Map<string, KeptConnection[]>()

  constructor(urlOf: UrlOf) {
    this.#urlOf = urlOf
  }

  /** The calls of a shop, as tests/faults/shop.ts has them. */
  to(service: string, path: string): (body: unknown, options?: CallOptions) => Promise<Reply> {
    return (body, { key } = {}) =>
      this.ask(service, { method: 'POST', path, headers: keyHeader(key), body: body ?? {} })
  }

  async ask(service: string, asked: Asked): Promise<Told> {
    const { path } = asked
    const endsAt = performance.now() + patienceMs
    let wasCutOff = false
    for (;;) {
      const url = this.#urlOf(service)
      const connection = this.#take(url) ?? (await KeptConnection.open(url))
      if (connection === undefined) {
        this.calls.notArrived += 1
        if (performance.now() > endsAt) throw new Error(`nobody listens at ${service} for ${patienceMs} ms`)
        await Bun.sleep(pauseMs)
        continue
      }
      const answer = await connection.ask(asked)
      if (answer === undefined && connection.isCutOff && !wasCutOff) {
        wasCutOff = true
        this.calls.cutOff += 1
        continue
      }
      if (answer === undefined) {
        this.calls.lost.push(`${service} ${path} after ${connection.asked} requests`)
        throw new Error(`${service} ${path}: no answer`)
      }
      if (wasCutOff && answer.replayed) this.calls.lost.push(`${service} ${path}: cut off, and carried out`)
      if (!connection.isClosed) this.#idle.get(url)?.push(connection)
      return this.#count(service, answer)
    }
  }

  close(): void {
    for (const connections of this.#idle.values()) for (const connection of connections) connection.close()
  }

  #count(service: string, reply: Told): Told {
    this.calls.answered += 1
    if (reply.status === 503) {
      const name = `${service} ${reply.status} ${reply.body.code}`
      this.calls.notNow[name] = (this.calls.notNow[name] ?? 0) + 1
    }
    return reply
  }

  #take(url: string): KeptConnection | undefined {
    const idle = this.#idle.get(url) ?? []
    this.#idle.set(url, idle)
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (!connection.isClosed) return connection
    }
    return undefined
  }
}

/** The shop as this client's callers see it. */
export function shopBy(client: RollingClient): Shop {
  return {
    add: client.to('cart', '/cart/item/add'),
    checkout: client.to('cart', '/cart/checkout'),
    create: client.to('loms', '/order/create'),
    info: client.to('loms', '/order/info'),
    pay: client.to('loms', '/order/pay'),
    cancel: client.to('loms', '/order/cancel'),
    stock: client.to('loms', '/stock/info'),
    history: client.to('notifier', '/history'),
  }
}

/** A connection that can be asked one thing after the other. */
class KeptConnection {
  readonly #socket: Socket
  readonly #host: string
  #received = Buffer.alloc(0)
  #answered: ((reply: Told | undefined) => void) | undefined
  isClosed = false
  /** Closed by the other end, without a byte of an answer. */
  isCutOff = false
  asked = 0

  private constructor(socket: Socket, host: string) {
    this.#socket = socket
    this.#host = host
    socket.setNoDelay(true)
    socket.on('data', (data: Buffer) => this.#receive(data))
    for (const event of ['end', 'error', 'close']) socket.on(event, () => this.#cutOff())
  }

  /** Undefined where nobody listens. */
  static async open(url: string): Promise<KeptConnection | undefined> {
    const { hostname, port, host } = new URL(url)
    const { promise, resolve, reject } = Promise.withResolvers<KeptConnection | undefined>()
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(new KeptConnection(socket, host)))
    socket.once('error', (error) => {
      // Any other failure to connect is one of this test.
      if ('code' in error && error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(error)
    })
    return await promise
  }

  /** Undefined where it was closed before a whole answer came. */
  ask({ method, path, headers = {}, body }: Asked): Promise<Told | undefined> {
    const { promise, resolve } = Promise.withResolvers<Told | undefined>()
    const timer = setTimeout(() => this.close(), answerTimeoutMs)
    this.asked += 1
    this.#answered = (reply) => {
      clearTimeout(timer)
      this.#answered = undefined
      resolve(reply)
    }
    const text = body === undefined ? '' : JSON.stringify(body)
    const about =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const lines = Object.entries({ host: this.#host, ...headers, ...about }).map(
      ([name, value]) => `${name}: ${value}`,
    )
    this.#socket.write(`${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${text}`)
    return promise
  }

  #cutOff(): void {
    if (this.isClosed) return
    this.isCutOff = this.#received.length === 0
    this.close()
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#socket.destroy()
    this.#answered?.(undefined)
  }

  #receive(data: Buffer): void {
    this.#received = Buffer.concat([this.#received, data])
    const end = this.#received.indexOf('\r\n\r\n')
    if (end === -1) return
    const [first = '', ...lines] = this.#received.subarray(0, end).toString('latin1').split('\r\n')
    const headers = new Headers(
      lines.map((line): [string, string] => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).trim()]
      }),
    )
    const length = Number(headers.get('content-length') ?? 0)
    if (this.#received.length < end + 4 + length) return
    const body = this.#received.subarray(end + 4, end + 4 + length).toString('utf8')
    this.#received = this.#received.subarray(end + 4 + length)
    const answered = this.#answered
    const reply = {
      status: Number(first.slice(9, 12)),
      body: JSON.parse(body) as Reply['body'], // ours answer with objects only
      replayed: headers.get('idempotent-replayed') === 'true',
      headers,
    }
    if (headers.get('connection') === 'close') {
      this.#answered = undefined
      this.close()
    }
    answered?.(reply)
  }
}
