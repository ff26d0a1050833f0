//! What customers were told, held against what is stored: I5, what was answered with success is there; I6, a key has one answer.

import { isFinal, type Told, textOf } from './clients.ts'
import type { Look, Violation } from './look.ts'
import { calls, linesOf, type Of, of, orderIn, unknown } from './told.ts'
import { becameAsTold, walletPromises } from './wallet-model.ts'

export type OrderRow = {
  readonly id: bigint
  readonly user_id: bigint
  readonly status: string
  readonly checkout_id: string | null
  readonly payment_method: string
  readonly paid_at: bigint | null
  readonly lines: string
}

export function brokenPromises(told: readonly Told[], look: Look, hasWallets: boolean): Violation[] {
  const orders = look.rows<OrderRow>(`
    select o.id, o.user_id, o.status, o.checkout_id, o.payment_method, o.paid_at,
      (select json_group_array(json_array(l.sku, l.quantity) order by l.sku) from loms.order_lines l
       where l.order_id = o.id) as lines
    from loms.orders o order by o.id`)
  return [
    ...oneAnswerAKey(told),
    ...ordersTold(told, orders),
    ...ordersCounted(
      of(told, 'create'),
      orders.filter((order) => order.checkout_id === null && !isFromWallet(order)),
    ),
    ...endings(told, orders),
    ...carts(told, look),
    ...deliveries(told, look),
    ...(hasWallets ? walletPromises(told, orders, look) : []),
  ]
}

export const isFromWallet = (order: OrderRow): boolean => order.payment_method === 'wallet'

function oneAnswerAKey(told: readonly Told[]): Violation[] {
  const named = Map.groupBy(
    told.filter(({ name, answer }) => name !== undefined && isFinal(answer)),
    ({ name }) => name,
  )
  return [...named.entries()].flatMap(([name, group]) => {
    const answers = new Set(group.map(({ answer }) => textOf(essence(answer))))
    if (answers.size <= 1) return []
    return [
      {
        of: 'I6',
        says: 'the same key and request have the same answer',
        what: `${name}: ${[...answers].join(' and ')}`,
      },
    ]
  })
}

/** Without the mark of a replay. */
const essence = (answer: Told['answer']) =>
  answer === undefined
    ? undefined
    : answer.ok
      ? { ok: true, value: answer.value }
      : { ok: false, error: answer.error }

function ordersTold(told: readonly Told[], orders: readonly OrderRow[]): Violation[] {
  const says = 'an order that was answered is there as it was asked for'
  return [...of(told, 'create'), ...of(told, 'checkout')].flatMap((each) => {
    const id = orderIn(each)
    if (id === undefined) return []
    const row = orders.find((order) => order.id === id)
    const { request, answer } = each
    const lines = 'items' in request ? linesOf(request.items) : row?.lines
    const fits =
      row !== undefined &&
      row.user_id === BigInt(request.user) &&
      (isFromWallet(row) ? becameAsTold(each, row) : (row.status === 'failed') === !answer?.ok) &&
      (row.checkout_id !== null) === (request.do === 'checkout') &&
      row.lines === lines
    return fits
      ? []
      : [
          {
            of: 'I5',
            says,
            what: `${textOf(request)} was answered ${textOf(answer)}, there is ${textOf(row)}`,
          },
        ]
  })
}

/** As many orders as were asked for: a request that nobody repeated was carried out once at most. */
export function ordersCounted(
  asked: readonly Of<'create' | 'buy'>[],
  orders: readonly OrderRow[],
): Violation[] {
  const nameOf = (user: number | bigint, lines: string) => `user ${user}, ${lines}`
  const made = Map.groupBy(orders, (order) => nameOf(order.user_id, order.lines))
  const wanted = Map.groupBy(calls(asked), ({ first }) =>
    nameOf(first.request.user, linesOf(first.request.items)),
  )
  return [...new Set([...made.keys(), ...wanted.keys()])].flatMap((name) => {
    const count = made.get(name)?.length ?? 0
    const group = wanted.get(name) ?? []
    // A refusal for want of stock is written down too.
    const least = new Set(
      asked
        .filter(({ request }) => nameOf(request.user, linesOf(request.items)) === name)
        .map(orderIn)
        .filter((id) => id !== undefined),
    ).size
    const most = least + group.filter(({ open }) => open).length
    if (count >= least && count <= most) return []
    return [
      {
        of: 'I6',
        says: 'an order is made once for each time that it was asked for',
        what: `${name}: ${count} orders, asked for ${least} to ${most} times`,
      },
    ]
  })
}

function endings(told: readonly Told[], orders: readonly OrderRow[]): Violation[] {
  const says = 'an order that was paid or cancelled is so'
  const rowOf = (order: number) => orders.find(({ id }) => id === BigInt(order))
  return [...of(told, 'pay'), ...of(told, 'cancel')].flatMap(({ request, answer }) => {
    if (answer === undefined) return []
    const row = rowOf(request.order)
    const fits = request.do === 'pay' ? paidAsTold(answer, row) : !answer.ok || row?.status === 'cancelled'
    return fits
      ? []
      : [
          {
            of: 'I5',
            says,
            what: `${textOf(request)} was answered ${textOf(answer)}, the order is ${row?.status}`,
          },
        ]
  })
}

/** What could not be paid at one moment is never paid later: every refusal of a payment is final, but where the wallet pays. */
function paidAsTold(answer: NonNullable<Told['answer']>, row: OrderRow | undefined): boolean {
  if (answer.ok) return row !== undefined && (stands(row) || wasPaid(row))
  const { code, details } = answer.error
  return code !== 'order_not_payable' || details?.reason === 'wallet' || row === undefined || !stands(row)
}

export const stands = ({ status }: OrderRow): boolean =>
  ['confirmed', 'processing', 'shipped', 'delivered'].includes(status)

/** Called off since, with the money given back. */
export const wasPaid = ({ status, paid_at }: OrderRow): boolean => status === 'cancelled' && paid_at !== null

/** Pieces are in the cart, or left it once in an order, or were taken out by hand. */
function carts(told: readonly Told[], look: Look): Violation[] {
  const rows = look.rows<{ user: bigint; sku: bigint; pieces: bigint }>(`
    select user, sku, sum(pieces) as pieces from (
      select user_id as user, sku, quantity as pieces from cart.cart_lines
      union all
      select c.user_id, cast(line.value ->> '$.sku' as integer), cast(line.value ->> '$.quantity' as integer)
      from cart.checkouts c, json_each(c.lines) line where c.state = 'placed'
    ) group by user, sku`)
  const places = new Map(rows.map(({ user, sku, pieces }) => [`user ${user}, SKU ${sku}`, Number(pieces)]))
  const adds = Map.groupBy(
    calls(of(told, 'add')),
    ({ first: { request } }) => `user ${request.user}, SKU ${request.sku}`,
  )
  return [...new Set([...places.keys(), ...adds.keys()])].flatMap((place) => {
    const group = adds.get(place) ?? []
    const sum = (which: typeof group) => which.reduce((total, { first }) => total + first.request.count, 0)
    const added = sum(group.filter(({ done }) => done))
    const most = added + sum(group.filter(({ open }) => open))
    const least = added - takenOut(told, place)
    const pieces = places.get(place) ?? 0
    if (pieces >= least && pieces <= most) return []
    return [
      {
        of: 'checkout',
        says: 'what was put into a cart is there or was ordered, once',
        what: `${place}: ${pieces} pieces, ${least} to ${most} were put in`,
      },
    ]
  })
}

/** At most: what was not in the cart any more was not taken out. */
function takenOut(told: readonly Told[], place: string): number {
  const { length } = told.filter(
    ({ request, answer }) =>
      request.do === 'clear' && answer?.ok !== false && place.startsWith(`user ${request.user},`),
  )
  if (length > 0) return Number.POSITIVE_INFINITY
  return of(told, 'delete')
    .filter(
      ({ request, answer }) => answer?.ok !== false && place === `user ${request.user}, SKU ${request.sku}`,
    )
    .reduce((total, { request }) => total + (request.count ?? Number.POSITIVE_INFINITY), 0)
}

function deliveries(told: readonly Told[], look: Look): Violation[] {
  const rows = look.rows<{ sku: bigint; warehouse_id: bigint; pieces: bigint }>(`
    select sku, warehouse_id, sum(quantity) as pieces from loms.stock_movements where kind = 'restock' group by 1, 2`)
  const came = new Map(rows.map((row) => [`SKU ${row.sku} in ${row.warehouse_id}`, Number(row.pieces)]))
  const asked = Map.groupBy(
    of(told, 'restock'),
    ({ request }) => `SKU ${request.sku} in ${request.warehouse}`,
  )
  return [...new Set([...came.keys(), ...asked.keys()])].flatMap((place) => {
    const group = asked.get(place) ?? []
    const sum = (which: typeof group) => which.reduce((total, { request }) => total + request.count, 0)
    const least = sum(group.filter(({ answer }) => answer?.ok))
    const most = least + sum(group.filter(unknown))
    const pieces = came.get(place) ?? 0
    if (pieces >= least && pieces <= most) return []
    return [
      {
        of: 'I5',
        says: 'goods that came in are there',
        what: `${place}: ${pieces} pieces came, ${least} to ${most} were told of`,
      },
    ]
  })
}
