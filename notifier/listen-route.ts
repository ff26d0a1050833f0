//! `GET /api/v1/notifications/stream`: one's own notices while they are written.
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { fail, ok, type Result } from '../contracts/errors.ts'
import { idSchema } from '../contracts/ids.ts'
import { parametersOf } from '../runtime/http/parameters.ts'
import type { HttpDeps, RawRefusal, RawRequest, RawRoute } from '../runtime/http.ts'
import { type EventStreamDeps, eventStream, type Start } from './event-stream.ts'
import type { Listeners } from './listeners.ts'
import { arrivalOf, newestNotice, type Owner } from './store/notices.ts'
import type { NotifierStore } from './store/schema.ts'

export type ListenDeps = {
  readonly store: NotifierStore
  readonly listeners: Listeners
  readonly heartbeatMs: number
  /** A connection that takes nothing for so long is cut. */
  readonly stalledSeconds: number
  readonly listenMsMax: number
}

export const listenPath = '/api/v1/notifications/stream'

/** Before the first notice. */
const beginning = '0'
const LastId = Type.Union([Type.Literal(beginning), idSchema('notice')])
const query = parametersOf(Type.Object({ last_event_id: Type.Optional(Type.String({ maxLength: 128 })) }))

const notHeard = (place: 'header' | 'query') =>
  fail('invalid_argument', {
    errors: [
      {
        path: place === 'header' ? '/last-event-id' : '/last_event_id',
        in: place,
        message: 'must be the id of a notice of yours, or 0 for everything from the beginning',
      },
    ],
  })

/** `silentFor`: how long the connection of a request may stand still before it is cut. */
export function listenRoute(
  deps: ListenDeps,
  { authenticate, now, log }: HttpDeps,
  silentFor: (request: Request, seconds: number) => void,
): RawRoute {
  const run = async (raw: RawRequest) => {
    const { request } = raw
    const { signal } = raw
    const identity = await authenticate(request.headers.get('authorization') ?? undefined, 'signed_in')
    if (!identity.ok) return identity
    const { userId, tenantId, caller } = identity.value
    if (userId === undefined || tenantId === undefined)
      throw new Error('a route for accounts let somebody through who has none')
    if (caller !== undefined) raw.calledBy(caller)
    const asked = query.fromQuery(new URL(request.url).search)
    if (asked.problems.length > 0) return fail('invalid_argument', { errors: asked.problems })

    const owner = { tenantId, userId }
    // A place first: what is written from here on wakes it, so nothing falls between the start and the waiting.
    const entered = deps.listeners.enter(owner)
    if (!entered.ok) return entered
    const listener = entered.value
    // Also where nobody is there any more to be answered.
    signal.addEventListener('abort', () => listener.leave())
    if (signal.aborted) listener.leave()
    try {
      const header = request.headers.get('last-event-id')
      const start = await startOf(deps.store, owner, header, asked.values.last_event_id)
      if (!start.ok) {
        listener.leave()
        return start
      }
      silentFor(request, deps.stalledSeconds)
      const streamDeps: EventStreamDeps = { ...deps, now, log }
      return ok({ status: 200, headers, body: eventStream(streamDeps, listener, start.value) })
    } catch (error) {
      listener.leave()
      throw error
    }
  }
  return { method: 'GET', path: listenPath, surface: 'rest', run }
}

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx and its like would gather events until a buffer is full.
  'x-accel-buffering': 'no',
}

/** After what it has heard; else after what there is now. What a browser sends by itself is newer than what stands in the address. */
async function startOf(
  store: NotifierStore,
  owner: Owner,
  header: string | null,
  parameter: unknown,
): Promise<Result<Start>> {
  const heard = header ?? parameter
  if (heard === undefined) {
    const newest = await store.read((tx) => newestNotice(tx, owner))
    return ok({ after: newest?.arrival ?? 0n, id: newest?.id ?? beginning })
  }
  const place = header === null ? 'query' : 'header'
  if (!Value.Check(LastId, heard)) return notHeard(place)
  if (heard === beginning) return ok({ after: 0n, id: beginning })
  const after = await store.read((tx) => arrivalOf(tx, owner, heard))
  return after === undefined ? notHeard(place) : ok({ after, id: heard })
}

/** What the path answers by another method. */
export const notListening: RawRefusal = { ...fail('method_not_allowed'), headers: { allow: 'GET, OPTIONS' } }
