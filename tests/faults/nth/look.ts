//! What has become of a customer and of everybody's facts, as it stands in the services' own files: looking passes no fault point.
import { Database } from 'bun:sqlite'
import { join } from 'node:path'

export type Line = { readonly sku: number; readonly count: number }

/** What only those with an account have. Amounts are in kopecks; what is of an order stands in the order of the orders. */
export type Account = {
  readonly available: number
  readonly held: number
  /** All that ever moved, e.g. `top_up 100`, in this order. */
  readonly ledger: readonly string[]
  readonly holds: readonly string[]
  /** `never`: the order was called off before it had one. */
  readonly shipments: readonly string[]
  readonly sagas: readonly string[]
}

export type Seen = {
  readonly cart: readonly Line[]
  readonly orders: readonly { readonly status: string; readonly items: readonly Line[] }[]
  /** What they were told about all their orders, in this order. */
  readonly told: readonly string[]
  readonly account?: Account
}

export type Looker = Disposable & {
  customer(user: number): Seen
  /** How many pieces can be bought. */
  stock(sku: number): number
  /** Every fact was sent, and whoever reads its stream has read to the last of them. */
  isQuiet(): boolean
}

/** Who hears whom. */
const readers = [
  ['catalog', 'loms'],
  ['loms', 'notifier'],
  ['billing', 'notifier'],
  ['delivery', 'notifier'],
  ['loms', 'billing'],
  ['loms', 'delivery'],
  ['billing', 'loms'],
  ['delivery', 'loms'],
] as const

type Row = Readonly<Record<string, string | number>>

export function openLooker(dataDir: string, services: readonly string[]): Looker {
  const databases = new Map(
    services.map((name) => [name, new Database(join(dataDir, `${name}.sqlite`), { readonly: true })]),
  )
  /** Nothing where the service is not there. */
  const rows = (service: string, sql: string, ...values: (number | string)[]) =>
    databases
      .get(service)
      ?.query<Row, (number | string)[]>(sql)
      .all(...values) ?? []
  const texts = (...asked: Parameters<typeof rows>) =>
    rows(...asked).map((row) => Object.values(row).map(String).join(' '))
  const number = (...asked: Parameters<typeof rows>) => Number(Object.values(rows(...asked)[0] ?? {})[0] ?? 0)
  const lines = (...asked: Parameters<typeof rows>): readonly Line[] =>
    rows(...asked).map(({ sku, count }) => ({ sku: Number(sku), count: Number(count) }))

  function accountOf(user: number, orders: readonly string[]): Account | undefined {
    const [wallet] = rows('billing', 'select available, held from wallets where user_id = ?', user)
    if (wallet === undefined) return undefined
    const ofOrders = (service: string, sql: string) => orders.flatMap((id) => texts(service, sql, Number(id)))
    return {
      available: Number(wallet.available),
      held: Number(wallet.held),
      ledger: texts(
        'billing',
        'select kind, amount from transactions where user_id = ? order by number',
        user,
      ),
      holds: ofOrders('billing', 'select state from holds where order_id = ?'),
      shipments: ofOrders(
        'delivery',
        `select status || iif(status = 'queued' and is_released, ', may leave', '') from shipments where order_id = ?1
         union all select 'never' from closed_orders where order_id = ?1`,
      ),
      sagas: ofOrders('loms', 'select state from sagas where order_id = ?'),
    }
  }

  return {
    customer(user) {
      const orders = rows('loms', 'select id, status from orders where user_id = ? order by id', user)
      const account = accountOf(
        user,
        orders.map(({ id }) => String(id)),
      )
      return {
        cart: lines(
          'cart',
          'select sku, quantity as count from cart_lines where user_id = ? order by sku',
          user,
        ),
        orders: orders.map(({ id, status }) => ({
          status: String(status),
          items: lines(
            'loms',
            'select sku, quantity as count from order_lines where order_id = ? order by sku',
            Number(id),
          ),
        })),
        told: texts(
          'notifier',
          'select status from notices where user_id = ? and status is not null order by arrival',
          user,
        ),
        ...(account && { account }),
      }
    },
    stock: (sku) => number('loms', 'select sum(on_hand - reserved) from stock where sku = ?', sku),
    isQuiet: () =>
      readers.every(
        ([announcer, reader]) =>
          !databases.has(announcer) ||
          !databases.has(reader) ||
          (number(announcer, 'select count(*) from outbox where sent_at is null') === 0 &&
            number(announcer, 'select max(stream_sequence) from outbox') ===
              number(reader, 'select sequence from places where stream = ?', announcer.toUpperCase())),
      ),
    [Symbol.dispose]() {
      for (const database of databases.values()) database.close()
    },
  }
}
