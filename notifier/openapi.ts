//! The document of notifier: that of its routes, and the stream of events beside them, which is none of the table.
import type { Http } from '../runtime/http.ts'
import { listenPath } from './listen-route.ts'

type Json = { readonly [name: string]: unknown }
type Document = Json & { readonly paths: { readonly [path: string]: { readonly get?: Json } } }

const example = `retry: 1873
id: ntc_0197c0ffee0070008000000000000001

id: ntc_0197c0ffee0070008000000000000002
data: {"id":"ntc_0197c0ffee0070008000000000000002","kind":"order.shipped","message":"Order 12 is packed and given out for delivery or pick-up.","moment":"2025-06-02T08:00:00.000Z","order_id":"12","status":"shipped"}

: nothing new

`

const LastEventId = { type: 'string', pattern: '^(0|ntc_[A-Za-z0-9]{1,64})$' }

const operation = {
  operationId: 'get_api_v1_notifications_stream',
  summary: 'What you are told, while it happens',
  description: `Server-sent events: the data of each is a notice as \`/api/v1/notifications\` has it, its id the notice's, in the order in which they were written.

It begins with what is written from now on, or after the notice that \`Last-Event-ID\` names: nothing in between is lost or told twice. \`0\` tells everything from the beginning. A comment every 15 seconds shows that the connection lives; after 15 minutes it ends, and when the service stops: come back with \`Last-Event-ID\`, as \`EventSource\` does by itself. An answer other than 200 ends an \`EventSource\` for good: make a new one, after \`Retry-After\`, with \`last_event_id\` in the address.

A reader that takes nothing for 45 seconds is cut off.`,
  tags: ['notices'],
  security: [{ bearer: [] }],
  parameters: [
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description: 'The last event that was heard. Goes before `last_event_id`.',
      schema: LastEventId,
    },
    {
      name: 'last_event_id',
      in: 'query',
      required: false,
      description: 'The same, for those who cannot set headers.',
      schema: LastEventId,
    },
  ],
}

/** What is refused as in the list, and beside that as many as one may not have. */
const tooMany = {
  description: '`too_many_requests`: Too many requests; try again later.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

/** Asks the app for the document of its table. */
export async function documentWith(app: Http): Promise<object> {
  const own = await app.handle(new Request('http://localhost/swagger/own.json'))
  const document = (await own.json()) as Document
  const { 200: done, ...refusals } = (document.paths['/api/v1/notifications']?.get?.responses ?? {}) as {
    readonly 200?: Json
    readonly [status: string]: unknown
  }
  const content = { 'text/event-stream': { schema: { type: 'string' }, example } }
  const responses = { ...refusals, 200: { ...done, content }, 429: tooMany }
  return { ...document, paths: { ...document.paths, [listenPath]: { get: { ...operation, responses } } } }
}
