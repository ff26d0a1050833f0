//! What no client of NATS would send: messages whose headers are any bytes, which the server takes.
import { connect } from 'node:net'

/** Headers, no two of them wrong in the same way. The client throws at the last of them. */
export const wrongHeaders: Readonly<Record<string, string | Uint8Array>> = {
  'an empty name': 'NATS/1.0\r\n: x\r\nce-id: evt_2\r\n\r\n',
  'half a line break in a value': 'NATS/1.0\r\nce-id: evt\n3\r\nce-subject: a\rb\r\n\r\n',
  'half a line break in a name': 'NATS/1.0\r\nx\nce-id: evt_4\r\n\r\n',
  'no colon': 'NATS/1.0\r\nce-id\r\n\r\n',
  'no end': 'NATS/1.0\r\nce-id: evt_5\r\n',
  'a word of the server': 'NATS/1.0 503 No Responders\r\n\r\n',
  'another protocol': 'HTTP/1.1 200 OK\r\nce-id: evt_6\r\n\r\n',
  'the first line alone': 'NATS/1.0',
  'no text': new Uint8Array([0xff, 0xfe, 0, 0]),
  'no name of a header': 'NATS/1.0\r\nce-id: evt_1\r\nno name: x\r\n\r\n',
}

export type RawMessage = {
  readonly subject: string
  readonly headers: string | Uint8Array
  readonly data: string
}

const answeredWithinMs = 10_000

/** Publishes them one after another to a server on loopback, and resolves when each was answered: by its stream, or by who was asked. */
export async function publishRaw(port: number, messages: readonly RawMessage[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port })
  const failure = Promise.withResolvers<never>()
  socket.on('error', failure.reject)
  const timer = setTimeout(() => failure.reject(new Error('NATS has not answered')), answeredWithinMs)
  let said = ''
  let wake: () => void = () => undefined
  socket.on('data', (chunk) => {
    said += chunk.toString('latin1')
    wake()
  })
  const until = async (word: string) => {
    while (!said.includes(word)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      await Promise.race([promise, failure.promise])
    }
  }
  try {
    socket.write('CONNECT {"verbose":false,"headers":true}\r\nSUB _INBOX.raw.> 1\r\nPING\r\n')
    await until('PONG')
    for (const [index, { subject, headers, data }] of messages.entries()) {
      const [head, body] = [Buffer.from(headers), Buffer.from(data)]
      const line = `HPUB ${subject} _INBOX.raw.${index}.answer ${head.length} ${head.length + body.length}\r\n`
      socket.write(Buffer.concat([Buffer.from(line), head, body, Buffer.from('\r\n')]))
      await until(`MSG _INBOX.raw.${index}.answer`)
    }
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}
