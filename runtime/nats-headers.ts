//! The headers of a NATS message as text. The client's own headers cost more than all the rest of reading a message, and throw at bytes that are none.
import type { Msg } from '@nats-io/transport-node'

/** The client's messages know how long they were in all; its types do not say so. */
type Sized = { size?(): number }

/** How long the message was as it came, with subject and headers. */
export function bytesOf(message: Msg): number {
  return (message as Sized).size?.() ?? message.data.length
}

const none = 'NATS/1.0\r\n\r\n'

/** The header lines of the message as it came, taken from where they lie: right before the data. */
export function headerText(message: Msg): string {
  const { subject, reply = '', data } = message
  const length = bytesOf(message) - subject.length - reply.length - data.length
  const start = data.byteOffset - length
  return length > 0 && start >= 0 ? headerTextOf(Buffer.from(data.buffer, start, length)) : none
}

/** The header lines in the bytes. The server takes any bytes for headers: what has not their form is none. */
export function headerTextOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.startsWith('NATS/1.0') && text.endsWith('\r\n\r\n') ? text : none
}

/** The first header of the name, whose case counts; undefined where there is none. */
export function headerIn(text: string, name: string): string | undefined {
  const from = text.indexOf(`\r\n${name}:`)
  if (from === -1) return undefined
  const start = from + name.length + 3
  return text.slice(start, text.indexOf('\r\n', start)).trim()
}

/** All of them; the first of a name counts. */
export function headersIn(text: string): Record<string, string> {
  const lines = text.split('\r\n').slice(1)
  const names = lines.map((line) => line.slice(0, Math.max(0, line.indexOf(':'))))
  return Object.fromEntries(
    names.filter((name) => name !== '').map((name) => [name, headerIn(text, name) ?? '']),
  )
}
