//! What a listener is sent: server-sent events, read from the store as fast as they are taken and no faster.
// Nothing is kept for anybody in memory: where a listener is, is a number, and what comes after it is in the store. So a
// slow one costs a page at most, and one that comes back reads on from what it heard last.
import type { Clock } from '../contracts/time.ts'
import { plusMs } from '../contracts/time.ts'
import type { Logger } from '../runtime/log.ts'
import type { Listener } from './listeners.ts'
import { type Arrival, noticesAfter } from './store/notices.ts'
import type { NotifierStore } from './store/schema.ts'
import { notificationOf } from './views.ts'

export type EventStreamDeps = {
  readonly store: NotifierStore
  readonly now: Clock
  readonly log: Logger
  /** How often one who has nothing to hear hears that: whoever stands between drops connections that are silent. */
  readonly heartbeatMs: number
  /** How long one is told before it has to come back, and prove anew who it is. */
  readonly listenMsMax: number
}

/** Where it begins: after this notice. */
export type Start = { readonly after: Arrival; readonly id: string }

const pageMax = 100
// Spread, so that those whom a restart has sent away do not come back in one moment.
const retryMs = () => 1_000 + Math.floor(Math.random() * 2_000)

/** Leaves when it ends, whoever ends it. */
export function eventStream(
  deps: EventStreamDeps,
  listener: Listener,
  start: Start,
): ReadableStream<Uint8Array> {
  const events = eventsOf(deps, listener, start)
  const encoder = new TextEncoder()
  let isCancelled = false
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await events.next()
        if (isCancelled) return
        if (done === true) controller.close()
        else controller.enqueue(encoder.encode(value))
      },
      async cancel() {
        isCancelled = true
        listener.leave()
        await events.return(undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

async function* eventsOf(
  deps: EventStreamDeps,
  listener: Listener,
  start: Start,
): AsyncGenerator<string, undefined> {
  const { store, now, log, heartbeatMs, listenMsMax } = deps
  const endsAt = plusMs(now(), listenMsMax)
  let { after } = start
  try {
    // Without data it is no event, but from here on whoever is cut off knows where it was.
    yield `retry: ${retryMs()}\nid: ${start.id}\n\n`
    while (!listener.isOver && now() < endsAt) {
      const notices = await store.read((tx) => noticesAfter(tx, listener.owner, { after, limit: pageMax }))
      const last = notices.at(-1)
      if (last !== undefined) {
        after = last.arrival
        yield notices.map((notice) => eventText(notice.id, notificationOf(notice))).join('')
      }
      if (notices.length === pageMax) continue
      // Quiet or not, the store is asked again: what another process has written is late at worst, and never missed.
      if ((await listener.next(heartbeatMs)) === 'quiet') yield ': nothing new\n\n'
    }
  } catch (error) {
    // It ends, and its listener comes back: by then the store may answer again.
    log.warn({ err: error }, 'a listener cannot be told now')
  } finally {
    listener.leave()
  }
  return undefined
}

/** JSON has no line breaks, so one line of data holds it. */
const eventText = (id: string, data: object): string => `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`
