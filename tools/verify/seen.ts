//! What was there to be looked at, in numbers: a report of nothing broken in nothing would say little.
import type Database from 'better-sqlite3'
import type { Service } from './options.ts'
import { readings, sqlTexts } from './readings.ts'
import { countOf, type Moments } from './rule.ts'

export type Counts = Readonly<Record<string, number>>

export function countSeen(database: Database, found: readonly Service[], moments: Moments): Counts {
  const statements: [string, string][] = []
  const count = (service: Service, name: string, of: string) => {
    if (found.includes(service)) statements.push([name, `select count(*) from ${service}.${of}`])
  }
  count('loms', 'orders', 'orders')
  for (const status of ['pending', 'confirmed', 'cancelled', 'failed'])
    count('loms', `orders ${status}`, `orders where status = '${status}'`)
  count('loms', 'reservations', 'reservations')
  count('loms', 'open reservations', `reservations where state = 'open'`)
  count('loms', 'movements', 'stock_movements')
  count('cart', 'checkouts', 'checkouts')
  for (const state of ['open', 'placed', 'refused', 'abandoned'])
    count('cart', `checkouts ${state}`, `checkouts where state = '${state}'`)
  count('catalog', 'products', 'products')
  count('notifier', 'notices', 'notices')
  for (const { reader, announcer, stream, types } of readings) {
    if (!found.includes(reader) || !found.includes(announcer)) continue
    const name = (what: string) => `${reader} ← ${announcer} ${what}`
    const inbox = `inbox where stream = '${stream}' and outcome`
    count(announcer, name('facts'), `outbox where type in (${sqlTexts(types)})`)
    count(reader, name('heard'), `inbox where stream = '${stream}'`)
    count(reader, name('refused'), `${inbox} not in ('ok', 'dead', 'parked', 'skipped')`)
    for (const outcome of ['dead', 'parked', 'skipped']) count(reader, name(outcome), `${inbox} = '${outcome}'`)
    statements.push([
      name('under way'),
      `select count(*) from ${announcer}.outbox o where o.type in (${sqlTexts(types)})
       and not exists (select 1 from ${reader}.inbox i where i.stream = '${stream}' and i.event_id = o.id)`,
    ])
    statements.push([
      name("strangers'"),
      `select count(*) from ${reader}.inbox i where i.stream = '${stream}' and i.outcome <> 'ok'
       and not exists (select 1 from ${announcer}.outbox o where o.id = i.event_id)`,
    ])
  }
  return Object.fromEntries(statements.map(([name, sql]) => [name, countOf(database, sql, moments)]))
}
