//! What relays and readers tell about themselves.
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Clock } from '../../contracts/time.ts'
import type { Store } from '../store/store.ts'
import { countLost, countUnsent, firstNew, lastRow } from './outbox-rows.ts'
import { isStoreAway } from './retry.ts'
import type { OutboxTables } from './tables.ts'

export type RelayMetrics = {
  readonly published: Counter
  readonly repaired: Counter
  readonly resyncs: Counter
  readonly streamFull: Gauge
}

// More than that is not counted but estimated: a scrape must stay cheap when NATS was away for hours.
const countedMax = 10_000

/** One relay a process: its metrics are registered once. */
export function relayMetrics(registry: Registry, store: Store<OutboxTables>, now: Clock): RelayMetrics {
  const registers = [registry]
  new Gauge({
    name: 'outbox_unsent',
    help: `Facts that wait to be sent; exact up to ${countedMax}, estimated beyond.`,
    registers,
    async collect() {
      this.set(await unlessAway(unsentCount(store)))
    },
  })
  new Gauge({
    name: 'outbox_oldest_unsent_seconds',
    help: 'Age of the oldest fact that was never sent; 0 where there is none.',
    registers,
    async collect() {
      this.set(await unlessAway(oldestUnsentSeconds(store, now)))
    },
  })
  return {
    published: new Counter({
      name: 'outbox_published_total',
      help: 'Facts that the stream has taken.',
      registers,
    }),
    repaired: new Counter({
      name: 'outbox_repaired_total',
      help: 'Of those, facts that the stream had taken before and lost.',
      registers,
    }),
    resyncs: new Counter({
      name: 'outbox_resyncs_total',
      help: 'How often outbox and stream were compared: at every connect and after every failure.',
      registers,
    }),
    streamFull: new Gauge({
      name: 'outbox_stream_full',
      help: '1 while the stream takes no more and facts wait, else 0.',
      registers,
    }),
  }
}

/** A store that is away must not cost the process all of its other metrics. */
async function unlessAway(value: Promise<number>): Promise<number> {
  return await value.catch((error: unknown) => {
    if (isStoreAway(error)) return Number.NaN
    throw error
  })
}

async function oldestUnsentSeconds(store: Store<OutboxTables>, now: Clock): Promise<number> {
  const [first] = await store.read((tx) => firstNew(tx, {}))
  return first === undefined ? 0 : Math.max(0, now() - first.moment) / 1000
}

async function unsentCount(store: Store<OutboxTables>): Promise<number> {
  return await store.read(async (tx) => {
    const [[fresh], [lost], [first], [last]] = await Promise.all([
      countUnsent(tx, { limit: countedMax }),
      countLost(tx, { limit: countedMax }),
      firstNew(tx, {}),
      lastRow(tx, {}),
    ])
    const counted = fresh?.count ?? 0
    const distance = first && last ? Number(last.position - first.position) + 1 : 0
    return (lost?.count ?? 0) + (counted < countedMax ? counted : Math.max(counted, distance))
  })
}

export type ReaderMetrics = {
  readonly lag: Gauge<'stream'>
  readonly facts: Counter<'stream' | 'outcome'>
  readonly deadLetters: Gauge<'stream'>
  readonly gap: Counter<'stream'>
  readonly wentBack: Counter<'stream'>
}

/** Several readers share a process, and these. */
export function readerMetrics(registry: Registry): ReaderMetrics {
  const registers = [registry]
  const known = <M>(name: string) => registry.getSingleMetric(name) as M | undefined
  return {
    lag:
      known('reader_lag') ??
      new Gauge({
        name: 'reader_lag',
        help: 'Facts in the stream that were not read yet.',
        labelNames: ['stream'],
        registers,
      }),
    facts:
      known('reader_facts_total') ??
      new Counter({
        name: 'reader_facts_total',
        help: 'Facts that were read: ok, refused, repeated, dead or parked.',
        labelNames: ['stream', 'outcome'],
        registers,
      }),
    deadLetters:
      known('reader_dead_letters') ??
      new Gauge({
        name: 'reader_dead_letters',
        help: 'Facts that failed, and facts that wait behind them.',
        labelNames: ['stream'],
        registers,
      }),
    gap:
      known('reader_gap_total') ??
      new Counter({
        name: 'reader_gap_total',
        help: 'Facts that were gone from the stream before they were read.',
        labelNames: ['stream'],
        registers,
      }),
    wentBack:
      known('reader_went_back_total') ??
      new Counter({
        name: 'reader_went_back_total',
        help: 'How often the stream was found to have gone back.',
        labelNames: ['stream'],
        registers,
      }),
  }
}
