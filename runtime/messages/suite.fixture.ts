//! What the tests of messages have in common: stores of both engines, one kind of fact, and effects that can be counted.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import pino, { type Logger } from 'pino'
import { Registry } from 'prom-client'
import { ok } from '../../contracts/errors.ts'
import { defineEvent, defineStream } from '../../contracts/events/define.ts'
import { defaultTenant, newId } from '../../contracts/ids.ts'
import { type Clock, processClock } from '../../contracts/time.ts'
import { Refusal } from '../refusal.ts'
import { openStore } from '../store/open.ts'
import { type Params, type QueryKit, query, type Store, type Tx } from '../store/store.ts'
import { schema, type Tables } from './conformance/schema.ts'
import { type Handler, on } from './handler.ts'
import { type Announce, createOutbox, type Fact, fact, type Outbox } from './outbox.ts'

export const Counted = defineEvent(
  'counter.counted',
  Type.Object({ number: Type.Integer({ minimum: 0 }), padding: Type.Optional(Type.String()) }),
)
/** Of the same stream, and nobody acts on it. */
export const Ignored = defineEvent('counter.ignored', Type.Object({}))
export const counterStream = defineStream({ service: 'counter', subjects: ['counter.>'] })

export const silent: Logger = pino({ level: 'silent' })
export const registry = (): Registry => new Registry()
export const metricOf = async (from: Registry, name: string): Promise<number | undefined> =>
  (await from.getSingleMetric(name)?.get())?.values[0]?.value

const migrations = join(import.meta.dir, 'conformance/migrations')
export type TestStore = Store<Tables>

export const openTestStore = (url = 'sqlite::memory:'): Promise<TestStore> =>
  openStore<Tables>(url, { schema, migrations })

/** A store in a file of its own. */
export async function openFileStore(): Promise<{ store: TestStore; url: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-messages-'))
  const url = `sqlite:${join(folder, 'store.sqlite')}`
  const store = await openTestStore(url)
  return {
    store,
    url,
    async remove() {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const testOutbox = (now: Clock = processClock()): Outbox =>
  createOutbox({ stream: counterStream, now, newId })

const cause = { tenantId: defaultTenant }

/** Announces the next `count` numbers of a key, on SQLite each in a transaction of its own. */
export async function announceNumbers(
  store: TestStore,
  announce: Announce,
  { key = 'a', from, count }: { key?: string; from: number; count: number },
): Promise<void> {
  const facts = Array.from({ length: count }, (_, index) => fact(Counted, key, { number: from + index }))
  const some = (each: readonly Fact[]) => store.write((tx) => announce(tx, cause, each))
  if (store.dialect === 'sqlite') {
    await Promise.all(facts.map((each) => some([each])))
    return
  }
  // There is no row here that a key stands for, to be locked; so one transaction comes after the other.
  for (let at = 0; at < count; at += 10) await some(facts.slice(at, at + 10))
}

type Q = QueryKit<Tables>
const insertEffect = query(
  ({ db, tables: { effects } }: Q, p: Params<{ eventId: string; key: string; number: number }>) =>
    db.insert(effects).values({ eventId: p.eventId, key: p.key, number: p.number }),
)

/** Writes an effect for every fact; `before` may throw or refuse. */
export function counting(before?: (tx: Tx<Tables>, number: number) => Promise<void> | void): Handler<Tables> {
  return on(Counted, async (tx: Tx<Tables>, { id, key, data }) => {
    await before?.(tx, data.number)
    await insertEffect(tx, { eventId: id, key, number: data.number })
    return ok(undefined)
  })
}

export const effectsOf = (store: TestStore) =>
  store.read((tx) => tx.db.select().from(tx.tables.effects).orderBy(tx.tables.effects.position))

/** The numbers of one key in the order of their effects. */
export async function numbersOf(store: TestStore, key = 'a'): Promise<number[]> {
  return (await effectsOf(store)).filter((effect) => effect.key === key).map((effect) => effect.number)
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Where the next write breaks: before anything is done, with everything undone, or after all is done but unanswered. */
export type Break = 'before' | 'undone' | 'unanswered'

/** A store that can be told to break: what a crash or a lost connection looks like from inside. */
export function breakable<T>(store: Store<T>): Store<T> & { breakNext: Break | undefined } {
  const away = () => new Refusal('unavailable', 'broken by the test')
  const broken = {
    ...store,
    breakNext: undefined as Break | undefined,
    async write<R>(body: (tx: Tx<T>) => Promise<R>): Promise<R> {
      const how = broken.breakNext
      broken.breakNext = undefined
      if (how === 'before') throw away()
      const result = await store.write(async (tx) => {
        const value = await body(tx)
        if (how === 'undone') throw away()
        return value
      })
      if (how === 'unanswered') throw away()
      return result
    },
  }
  return broken
}

/** Resolves when it is true; asks after every turn of the event loop and then ever more slowly. */
export async function eventually(
  isTrue: () => Promise<boolean> | boolean,
  { withinMs = 15_000, what = 'it' }: { withinMs?: number; what?: string } = {},
): Promise<void> {
  const until = performance.now() + withinMs
  for (let waitMs = 1; ; waitMs = Math.min(50, waitMs * 1.5)) {
    if (await isTrue()) return
    if (performance.now() > until) throw new Error(`${what} did not come true within ${withinMs} ms`)
    await Bun.sleep(waitMs)
  }
}
