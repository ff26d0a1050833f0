//! Facts of the right shape in which one field says what nobody expects: whoever hears one acts, refuses, or puts it aside at once.
//! None has to be tried again, which would hold up all others, and what was written can be read.
import { afterAll, expect, test } from 'bun:test'
import type { TSchema } from '@sinclair/typebox'
import type { PgTable } from 'drizzle-orm/pg-core'
import fc from 'fast-check'
import * as billingFacts from '../../billing/consumers.ts'
import { billingInMemory } from '../../billing/fixture.ts'
import { newId } from '../../contracts/ids.ts'
import * as deliveryFacts from '../../delivery/consumers.ts'
import { startDelivery } from '../../delivery/fixture.ts'
import * as lomsFacts from '../../loms/consumers.ts'
import { lomsInMemory } from '../../loms/fixture.ts'
import * as notifierFacts from '../../notifier/consumers.ts'
import { openNotifier } from '../../notifier/fixture.ts'
import type { Message } from '../../runtime/messages/fact-stream.ts'
import { type Handler, handleFact, handlersByType, hear, Unusable } from '../../runtime/messages/handler.ts'
import type { ReaderTables } from '../../runtime/messages/tables.ts'
import type { Store } from '../../runtime/store/store.ts'
import { readings } from '../../tools/verify/readings.ts'
import { arbitraryOf, replacements } from '../surfaces/fuzz/arbitrary.ts'
import { counted } from './counted.ts'

const samples = 3
const billing = await billingInMemory(undefined, { choreography: true })
const delivery = await startDelivery({ choreography: true })
const loms = await lomsInMemory([[1, 1, 10]])
const notices = await openNotifier()
afterAll(() =>
  Promise.all([billing.store, delivery.store, loms.store, notices].map((store) => store.close())),
)

/** Whoever reads a stream, one message at a time. */
function listener<T extends ReaderTables>(store: Store<T>, handlers: readonly Handler<T>[]) {
  const byType = handlersByType(handlers)
  return {
    events: handlers.map(({ event }) => event),
    /** What the handler answered or threw; undefined where the message was not let through to it. */
    async hear(message: Message): Promise<unknown> {
      const heard = hear(message, byType)
      if (heard.kind !== 'fact') return undefined
      const handled = store.write((tx) => handleFact(tx, heard.handler, heard.fact))
      return await handled.catch((error: unknown) => error)
    },
    readAll: () =>
      store.read(async (tx) => {
        for (const table of Object.values(tx.tables)) await tx.db.select().from(table as PgTable)
      }),
  }
}

const telling = { newId, noted: () => undefined }
const listeners = {
  'billing ← accounts': listener(billing.store, billingFacts.accountsFacts(billing.deps)),
  'billing ← loms': listener(billing.store, billingFacts.lomsFacts(billing.deps)),
  'delivery ← loms': listener(delivery.store, deliveryFacts.lomsFacts(delivery.deps)),
  'loms ← billing': listener(loms.store, lomsFacts.billingFacts(loms.deps)),
  'loms ← catalog': listener(loms.store, lomsFacts.catalogFacts),
  'loms ← delivery': listener(loms.store, lomsFacts.deliveryFacts(loms.deps)),
  'notifier ← accounts': listener(notices, notifierFacts.accountsFacts(telling)),
  'notifier ← billing': listener(notices, notifierFacts.billingFacts(telling)),
  'notifier ← delivery': listener(notices, notifierFacts.deliveryFacts(telling)),
  'notifier ← loms': listener(notices, notifierFacts.lomsFacts(telling)),
}

/** What every announcer says in the fields whose schema is only text. */
const usual: Readonly<Record<string, unknown>> = {
  tenant_id: 'default',
  moment: '2025-06-01T10:00:00.000Z',
  pay_by: '2025-06-01T10:10:00.000Z',
  currency: 'UAH',
  payment_method: 'wallet',
  payment_id: 'pay_1',
  provider: 'wallet',
  shipment_id: 'shp_1',
  carrier: 'courier',
}

/** As their announcer might send them. */
function usualData(schema: TSchema): Record<string, unknown>[] {
  const known = Object.keys(schema.properties as object).filter((name) => Object.hasOwn(usual, name))
  const said = Object.fromEntries(known.map((name) => [name, usual[name]]))
  const random = fc.sample(arbitraryOf(schema), { numRuns: samples, seed: 9 }) as Record<string, unknown>[]
  return random.map((data) => ({ ...data, ...said }))
}

function messageOf(type: string, data: unknown): Message {
  const headers: Record<string, string> = {
    'ce-id': newId('event'),
    'ce-type': type,
    'ce-time': '2025-06-01T10:00:00.000Z',
    'ce-subject': '1',
  }
  return {
    sequence: 1,
    subject: type,
    header: (name) => headers[name],
    headers: () => headers,
    data: Buffer.from(JSON.stringify(data) ?? ''),
    takenAtNanos: '0',
  }
}

test('everybody who listens is here', () => {
  const named = readings.map(({ reader, announcer, types }) => [`${reader} ← ${announcer}`, types.toSorted()])
  const here = Object.entries(listeners).map(([name, { events }]) => [
    name,
    events.map(({ type }) => type).sort(),
  ])
  expect(here).toEqual(named.toSorted())
})

test.each(Object.entries(listeners))('%s', async (_, { events, hear, readAll }) => {
  let [heard, aside] = [0, 0]
  for (const { type, schema } of events) {
    const usually = usualData(schema)
    const all = usually.flatMap((data) => [data, ...replacements(data)])
    for (const data of all) {
      const outcome = await hear(messageOf(type, data))
      if (outcome === undefined) {
        expect(usually).not.toContain(data)
        continue
      }
      heard += 1
      if (outcome instanceof Unusable) aside += 1
      else expect({ type, data, outcome }).toEqual({ type, data, outcome: expect.any(String) })
    }
  }
  await readAll()
  counted(9, { 'strange facts of the right shape': heard, 'put aside as of no use': aside })
})
