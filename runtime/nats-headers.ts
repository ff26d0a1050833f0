//! The headers of a NATS message as text. The client's own headers cost more than all the rest of reading a message.
import type { Msg } from '@nats-io/transport-node'

/** The client's messages know how long they were in all; its types do not say so. */
type Sized = { size?(): number }

/** How long the message was as it came, with subject and headers. */
export function bytesOf(message: Msg): number {
  return (message as Sized).size?.() ?? message.data.length
}

/** The header lines as they came, taken from where they lie: right before the data. */
export function headerText(message: Msg): string {
  const { subject, reply = '', data } = message
  const length = bytesOf(message) - subject.length - reply.length - data.length
  const start = data.byteOffset - length
  if (length > 0 && start >= 0) {
    const text = Buffer.from(data.buffer, start, length).toString('utf8')
    if (text.startsWith('NATS/1.0') && text.endsWith('\r\n\r\n')) return text
  }
  const lines = [...(message.headers ?? [])].map(([name, values]) => `${name}: ${values[0] ?? ''}`)
  return ['NATS/1.0', ...lines, '\r\n'].join('\r\n')
}

/** The first header of the name, whose case counts; undefined where there is none. */
export function headerIn(text: string, name: string): string | undefined {
  const from = text.indexOf(`\r\n${name}:`)
  if (from === -1) return undefined
  const start = from + name.length + 3
  return text.slice(start, text.indexOf('\r\n', start)).trim()
}
