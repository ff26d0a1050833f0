//! A bare TCP connection to an HTTP port, for what no HTTP client would send: answers are read as text.
import { connect, type Socket } from 'node:net'

export type Answer = { readonly status: number; readonly headers: string; readonly body: string }

/** `await using` gives it up at the end of the block. */
export class Connection implements AsyncDisposable {
  readonly #socket: Socket
  #text = ''
  #isClosed = false
  #changed = Promise.withResolvers<void>()

  /** `url` as the harness tells it, `http://127.0.0.1:port`. */
  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#socket = connect(Number(port), hostname)
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (data) => this.#change(() => (this.#text += data.toString('utf8'))))
    this.#socket.on('close', () => this.#change(() => (this.#isClosed = true)))
    // A connection that is cut while we still send is what some of these requests deserve.
    this.#socket.on('error', () => this.#change(() => (this.#isClosed = true)))
  }

  #change(apply: () => void): void {
    apply()
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  send(...parts: readonly (string | Uint8Array)[]): this {
    for (const part of parts) if (!this.#isClosed) this.#socket.write(part)
    return this
  }

  /** The first `count` answers; fewer where the connection was closed, or nothing more came within `timeoutMs`. */
  async answers(count = 1, timeoutMs = 10_000): Promise<readonly Answer[]> {
    const endsAt = performance.now() + timeoutMs
    while (answersIn(this.#text).length < count && !this.#isClosed && performance.now() < endsAt) {
      await Promise.race([this.#changed.promise, Bun.sleep(endsAt - performance.now())])
    }
    return answersIn(this.#text)
  }

  /** Whether the other side has closed it, within `timeoutMs`. */
  async closed(timeoutMs = 10_000): Promise<boolean> {
    const endsAt = performance.now() + timeoutMs
    while (!this.#isClosed && performance.now() < endsAt) {
      await Promise.race([this.#changed.promise, Bun.sleep(endsAt - performance.now())])
    }
    return this.#isClosed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy()
    await this.closed()
  }
}

/** Every whole answer of the text; bodies of ours always have a length. */
function answersIn(text: string): readonly Answer[] {
  const answers: Answer[] = []
  let rest = Buffer.from(text)
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return answers
    const headers = rest.subarray(0, end).toString('utf8')
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(headers)?.[1])
    const length = Number(/^content-length: *(\d+)\r?$/im.exec(headers)?.[1] ?? 0)
    if (rest.length < end + 4 + length) return answers
    answers.push({ status, headers, body: rest.subarray(end + 4, end + 4 + length).toString('utf8') })
    rest = rest.subarray(end + 4 + length)
  }
}
