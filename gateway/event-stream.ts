//! Answers that never end by themselves, handed on as they come: each holds a connection for hours.
// Not by `fetch`, which has a fixed number of requests under way in the whole process: a few hundred listeners would leave
// nothing for everybody else.
import { Agent, request as ask, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { failed, isStatus, noStatus, type Outgoing, type Sent } from './send.ts'

const agent = new Agent({ keepAlive: false })

export async function openStream(url: string, outgoing: Outgoing): Promise<Sent> {
  const { method, target, headers, signal } = outgoing
  try {
    const message = await answerTo(ask(`${url}${target}`, { method, headers, agent, signal }))
    const { statusCode: status = 0 } = message
    if (!isStatus(status)) {
      // Nobody reads it: left alone, its connection would stand for as long as a stream may.
      message.destroy()
      return { kind: 'lost', cause: noStatus(status) }
    }
    const stream = Readable.toWeb(message) as unknown as ReadableStream<Uint8Array>
    return {
      kind: 'answered',
      answer: { status, headers: headersOf(message), body: { kind: 'stream', stream } },
    }
  } catch (cause) {
    return failed(cause, outgoing)
  }
}

function answerTo(asked: ReturnType<typeof ask>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asked.on('response', resolve)
    asked.on('error', reject)
    asked.end()
  })
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
  }
  return headers
}
