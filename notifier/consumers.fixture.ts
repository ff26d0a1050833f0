//! For tests: a notifier that reads one stream of a real NATS, and facts as their services announce them.
import { Registry } from 'prom-client'
import type { DataOf, EventType, StreamDefinition } from '../contracts/events/define.ts'
import { newId } from '../contracts/ids.ts'
import { instantOf, processClock, toRfc3339 } from '../contracts/time.ts'
import { createLog } from '../runtime/log.ts'
import type { OutgoingFact } from '../runtime/messages/fact-stream.ts'
import type { Handler } from '../runtime/messages/handler.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { type Reader, startReader } from '../runtime/messages/reader.ts'
import { connectNats, type Nats } from '../runtime/nats.ts'
import { startNatsServer } from '../tests/harness/nats.ts'
import type { ConsumerDeps } from './consumers.ts'
import type { Notice } from './domain/notice.ts'
import { openNotifier, shop, userOf } from './fixture.ts'
import { printNotices } from './print-notices.ts'
import { noticesAfter } from './store/notices.ts'
import type { NotifierStore, Tables } from './store/schema.ts'

/** When everything in these tests happens. */
export const moment = instantOf(Date.UTC(2025, 5, 1, 10))

/** What every fact says of its customer. */
export const customerFields = { user_id: 1, tenant_id: shop as string, moment: toRfc3339(moment) }

/** A fact as its service's relay publishes it; one that its own schema refuses is a mistake of the test. */
export function fact<E extends EventType>(event: E, key: number | string, data: DataOf<E>): OutgoingFact {
  const problem = event.problemOf(data)
  if (problem !== undefined) throw new Error(`${event.type}: ${problem}`)
  const { type } = event
  const text = JSON.stringify(data)
  return {
    id: newId('event'),
    type,
    key: String(key),
    tenantId: shop,
    moment,
    traceparent: null,
    data: text,
  }
}

export type Bus = AsyncDisposable & { readonly nats: Nats }

export async function startBus(): Promise<Bus> {
  const server = await startNatsServer()
  const nats = connectNats({
    url: server.url,
    name: 'notifier',
    log: createLog('notifier', 'silent'),
    registry: new Registry(),
    onClosed: (error) => {
      throw error
    },
  })
  await nats.whenConnected()
  return {
    nats,
    async [Symbol.asyncDispose]() {
      await nats.close()
      await server.stop()
    },
  }
}

export type ReadingNotifier = Awaited<ReturnType<typeof startNotifier>>

/** A notifier of its own over a stream of its own. */
export async function startNotifier(
  { nats }: Bus,
  definition: StreamDefinition,
  handlers: (deps: ConsumerDeps) => Handler<Tables>[],
) {
  const stream = jetStream({ nats, stream: definition })
  await stream.ensure()
  const store = await openNotifier()
  const lines: { readonly msg: string; readonly level: string }[] = []
  const waiting: { readonly until: () => boolean; readonly resolve: () => void }[] = []
  const look = () => {
    for (const each of waiting) if (each.until()) each.resolve()
  }
  const log = createLog('notifier', 'info', {
    destination: {
      write(line) {
        lines.push(JSON.parse(line))
        look()
      },
    },
  })
  let sequence = 0
  let reader: Reader | undefined
  const start = () => {
    const printing = printNotices(store, log)
    reader = startReader({
      store: printing.store,
      stream,
      handlers: handlers({ newId, noted: printing.noted }),
      now: processClock(),
      log,
      registry: new Registry(),
      // What these tests put aside is put aside at once: nothing else waits behind it.
      retryDelaysMs: [60_000],
    })
  }
  start()
  return {
    store,
    /** What was printed about notices, in order. */
    printed: () => lines.filter(({ level }) => level === 'info').map(({ msg }) => msg),
    /** The whole log. */
    logText: () => JSON.stringify(lines),
    async publish(...facts: OutgoingFact[]) {
      await stream.publish(facts, sequence)
      sequence += facts.length
    },
    /** Resolves when so many notices were printed. */
    async untilPrinted(count: number) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ until: () => lines.filter(({ level }) => level === 'info').length >= count, resolve })
      look()
      await promise
    },
    /** Everything that a customer was told, in the order in which it arrived. */
    async told(user = 1n, tenantId = shop): Promise<Notice[]> {
      const notices = await store.read((tx) =>
        noticesAfter(tx, { tenantId, userId: userOf(user) }, { after: 0n, limit: 1000 }),
      )
      return notices.map(({ arrival: _, ...notice }) => notice)
    },
    /** What was put aside. */
    letters: () =>
      store.read(async ({ db, tables: { deadLetters } }) =>
        db.select({ key: deadLetters.key, state: deadLetters.state }).from(deadLetters),
      ),
    async restart(change: (store: NotifierStore) => Promise<unknown>) {
      await reader?.stop()
      await change(store)
      start()
    },
    async stop() {
      await reader?.stop()
      await store.close()
      await (await nats.whenConnected()).request(`$JS.API.STREAM.DELETE.${definition.name}`)
    },
  }
}
