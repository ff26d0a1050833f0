//! A keep-alive HTTP/1.1 connection that costs little: the load generator shares two cores with what it measures.
import type { Socket } from 'bun'

export type Reply = { readonly status: number; readonly body: string }

type Waiting = { resolve: (reply: Reply) => void; reject: (error: Error) => void }

/** One request at a time, answers with content-length only: what our services send. */
export class Connection {
  readonly #host: string
  readonly #socket: Socket<undefined>
  #waiting: Waiting | undefined
  #received = ''
  #closedBy: Error | undefined

  private constructor(host: string, socket: Socket<undefined>) {
    this.#host = host
    this.#socket = socket
  }

  static async open(url: string): Promise<Connection> {
    const { hostname, port, host } = new URL(url)
    let connection: Connection | undefined
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_, chunk) => connection?.receive(chunk),
        close: () => connection?.fail(new Error(`${host} closed the connection`)),
        error: (_, error) => connection?.fail(error),
      },
    })
    connection = new Connection(host, socket)
    return connection
  }

  post(path: string, body: unknown, headers = ''): Promise<Reply> {
    const text = JSON.stringify(body)
    return this.send(
      `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    )
  }

  send(request: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#closedBy !== undefined) return reject(this.#closedBy)
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.end()
  }

  private receive(chunk: Uint8Array): void {
    // latin1: one character is one byte, so lengths are content-length's.
    this.#received += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    const headEnd = this.#received.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const head = this.#received.slice(0, headEnd)
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    const end = headEnd + 4 + length
    if (this.#received.length < end) return
    const reply = { status: Number(head.slice(9, 12)), body: this.#received.slice(headEnd + 4, end) }
    this.#received = this.#received.slice(end)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(reply)
  }

  private fail(error: Error): void {
    this.#closedBy = error
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}
