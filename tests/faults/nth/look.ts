//! What has become of a customer and of everybody's facts, as it stands in the services' own files: looking passes no fault point.
import { Database } from 'bun:sqlite'
import { join } from 'node:path'

export type Line = { readonly sku: number; readonly count: number }

export type Seen = {
  readonly cart: readonly Line[]
  readonly orders: readonly { readonly status: string; readonly items: readonly Line[] }[]
  /** What they were told about all their orders, in this order. */
  readonly told: readonly string[]
}

export type Looker = Disposable & {
  customer(user: number): Seen
  /** How many pieces can be bought. */
  stock(sku: number): number
  /** Every fact was sent, and whoever reads its stream has read to the last of them. */
  isQuiet(): boolean
}

type Row = Readonly<Record<string, string | number>>

export function openLooker(dataDir: string): Looker {
  const open = (service: string) => new Database(join(dataDir, `${service}.sqlite`), { readonly: true })
  const [catalog, cart, loms, notifier] = [open('catalog'), open('cart'), open('loms'), open('notifier')]
  const rows = (database: Database, sql: string, ...values: number[]) =>
    database.query<Row, number[]>(sql).all(...values)
  const number = (database: Database, sql: string, ...values: number[]) =>
    Number(Object.values(rows(database, sql, ...values)[0] ?? {})[0] ?? 0)
  const isRead = (announcer: Database, reader: Database, stream: string) =>
    number(announcer, 'select count(*) from outbox where sent_at is null') === 0 &&
    number(announcer, 'select max(stream_sequence) from outbox') ===
      number(reader, `select sequence from places where stream = '${stream}'`)
  const line = ({ sku, count }: Row): Line => ({ sku: Number(sku), count: Number(count) })

  return {
    customer: (user) => ({
      cart: rows(
        cart,
        'select sku, quantity as count from cart_lines where user_id = ? order by sku',
        user,
      ).map(line),
      orders: rows(loms, 'select id, status from orders where user_id = ? order by id', user).map(
        ({ id, status }) => ({
          status: String(status),
          items: rows(
            loms,
            'select sku, quantity as count from order_lines where order_id = ? order by sku',
            Number(id),
          ).map(line),
        }),
      ),
      told: rows(notifier, 'select status from notices where user_id = ? order by arrival', user).map(
        ({ status }) => String(status),
      ),
    }),
    stock: (sku) => number(loms, 'select sum(on_hand - reserved) from stock where sku = ?', sku),
    isQuiet: () => isRead(catalog, loms, 'CATALOG') && isRead(loms, notifier, 'LOMS'),
    [Symbol.dispose]() {
      for (const database of [catalog, cart, loms, notifier]) database.close()
    },
  }
}
