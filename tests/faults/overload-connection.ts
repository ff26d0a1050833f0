//! A keep-alive connection of the crowd's: it costs little, since who makes ten times the load shares the machine with who bears it.
import type { Socket } from 'bun'

export type Reply = { readonly status: number; readonly text: string }

/** One request at a time, answers with a content-length: what our services send. */
export class Connection {
  /** Told of each answer, or of `undefined` where the connection was closed instead. */
  onReply: (reply: Reply | undefined) => void = () => undefined
  readonly #host: string
  #socket: Socket<undefined> | undefined
  #received = ''

  private constructor(host: string) {
    this.#host = host
  }

  static async open(url: string): Promise<Connection> {
    const { host, hostname, port } = new URL(url)
    const connection = new Connection(host)
    connection.#socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_, chunk) => connection.#receive(chunk),
        close: () => connection.#lose(),
        error: () => connection.#lose(),
      },
    })
    return connection
  }

  /** `headers` end their own lines. */
  post(path: string, body: string, headers = ''): void {
    if (this.#socket === undefined) this.onReply(undefined)
    this.#socket?.write(
      `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
  }

  #receive(chunk: Uint8Array): void {
    // latin1: one character is one byte, so lengths are content-length's.
    this.#received += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const end = headEnd + 4 + Number(/content-length: *(\d+)/i.exec(this.#received)?.[1] ?? 0)
    if (this.#received.length < end) return
    const text = this.#received
    this.#received = ''
    this.onReply({ status: Number(text.slice(9, 12)), text })
  }

  #lose(): void {
    if (this.#socket === undefined) return
    this.#socket = undefined
    this.onReply(undefined)
  }
}
