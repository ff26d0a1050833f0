//! What was there to be looked at, in numbers: a report of nothing broken in nothing would say little.
import type Database from 'better-sqlite3'
import type { Service } from './options.ts'
import { type Reading, readings, sqlTexts } from './readings.ts'

export type Counts = Readonly<Record<string, number>>

type Statement = {
  readonly needs: readonly Service[]
  /** Answers with rows of a name and a number. */
  readonly sql: string
}

const statements: readonly Statement[] = [
  { needs: ['loms'], sql: `select 'orders' as name, count(*) as count from loms.orders` },
  { needs: ['loms'], sql: `select 'orders ' || status, count(*) from loms.orders group by status` },
  { needs: ['loms'], sql: `select 'reservations ' || state, count(*) from loms.reservations group by state` },
  { needs: ['loms'], sql: `select 'movements of stock', count(*) from loms.stock_movements` },
  { needs: ['cart'], sql: `select 'checkouts', count(*) from cart.checkouts` },
  { needs: ['cart'], sql: `select 'checkouts ' || state, count(*) from cart.checkouts group by state` },
  { needs: ['cart'], sql: `select 'idempotency keys of cart', count(*) from cart.idempotency_keys` },
  { needs: ['loms'], sql: `select 'idempotency keys of loms', count(*) from loms.idempotency_keys` },
  { needs: ['catalog'], sql: `select 'products', count(*) from catalog.products` },
  { needs: ['billing'], sql: `select 'wallets', count(*) from billing.wallets` },
  {
    needs: ['billing'],
    sql: `select 'transactions ' || kind, count(*) from billing.transactions group by kind`,
  },
  { needs: ['billing'], sql: `select 'holds ' || state, count(*) from billing.holds group by state` },
  { needs: ['loms'], sql: `select 'sagas ' || state, count(*) from loms.sagas group by state` },
  {
    needs: ['delivery'],
    sql: `select 'shipments ' || status, count(*) from delivery.shipments group by status`,
  },
  { needs: ['accounts'], sql: `select 'accounts', count(*) from accounts.users` },
  { needs: ['notifier'], sql: `select 'notices', count(*) from notifier.notices` },
  ...readings.flatMap(statementsOf),
]

function statementsOf({ reader, announcer, stream, types }: Reading): Statement[] {
  const about = `${reader} ← ${announcer}:`
  const needs = [reader, announcer]
  const facts = `${announcer}.outbox o where o.type in (${sqlTexts(types)})`
  const inbox = `${reader}.inbox i where i.stream = '${stream}'`
  return [
    { needs, sql: `select '${about} facts', count(*) from ${facts}` },
    { needs, sql: `select '${about} heard, ' || outcome, count(*) from ${inbox} group by outcome` },
    {
      needs,
      sql: `select '${about} under way', count(*) from ${facts}
        and not exists (select 1 from ${inbox} and i.event_id = o.id)`,
    },
    {
      needs,
      sql: `select '${about} of strangers', count(*) from ${inbox} and i.outcome <> 'ok'
        and not exists (select 1 from ${announcer}.outbox o where o.id = i.event_id)`,
    },
  ]
}

/** By name; what is not there at all is left out. */
export function countSeen(database: Database, found: readonly Service[]): Counts {
  const counts: Record<string, number> = {}
  for (const { needs, sql } of statements) {
    if (!needs.every((service) => found.includes(service))) continue
    for (const row of database.prepare(sql).all()) {
      const [name, count] = Object.values(row)
      if (Number(count) > 0) counts[String(name)] = Number(count)
    }
  }
  return counts
}
