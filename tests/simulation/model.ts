//! What customers were told, held against what is stored: I5, what was answered with success is there; I6, a key has one answer.

import type { Sku } from '../../contracts/ids.ts'
import { merge } from '../../loms/domain/stock.ts'
import { isFinal, type Told, textOf } from './clients.ts'
import type { Look, Violation } from './look.ts'
import type { Line, Request } from './steps.ts'

type Of<D extends Request['do']> = Told & { readonly request: Extract<Request, { do: D }> }
type OrderRow = { id: bigint; user_id: bigint; status: string; checkout_id: string | null; lines: string }

export function brokenPromises(told: readonly Told[], look: Look): Violation[] {
  const orders = look.rows<OrderRow>(`
    select o.id, o.user_id, o.status, o.checkout_id,
      (select json_group_array(json_array(l.sku, l.quantity) order by l.sku) from loms.order_lines l
       where l.order_id = o.id) as lines
    from loms.orders o order by o.id`)
  return [
    ...oneAnswerAKey(told),
    ...ordersTold(told, orders),
    ...ordersCounted(told, orders),
    ...endings(told, orders),
    ...carts(told, look),
    ...deliveries(told, look),
  ]
}

const of = <D extends Request['do']>(told: readonly Told[], kind: D): Of<D>[] =>
  told.filter((each): each is Of<D> => each.request.do === kind)

/** Repeats of one request under one key count once, answered if any of them was. */
function calls<T extends Told>(
  told: readonly T[],
): { readonly first: T; readonly done: boolean; readonly open: boolean }[] {
  const groups = Map.groupBy(told, (each) => each.name ?? each)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    const done = group.some(({ answer }) => answer?.ok)
    const refused = group.some(({ answer }) => answer !== undefined && !answer.ok && isFinal(answer))
    return first === undefined ? [] : [{ first, done, open: !done && !refused && group.some(unknown) }]
  })
}

/** Nobody knows whether it was carried out. */
const unknown = ({ answer }: Told) => answer === undefined

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

/** The order that an answer tells of: placed, or written down as failed. */
function orderIn({ answer }: Told): bigint | undefined {
  if (answer === undefined) return undefined
  if (answer.ok) return (answer.value as { orderId?: bigint } | undefined)?.orderId
  const id = answer.error.details?.order_id
  return id === undefined ? undefined : BigInt(id as number)
}

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
      (row.status === 'failed') === !answer?.ok &&
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

const linesOf = (items: readonly Line[]): string =>
  textOf(
    merge(items.map(({ sku, count }) => ({ sku: sku as Sku, quantity: count }))).map((line) => [
      line.sku,
      line.quantity,
    ]),
  )

/** As many orders as were asked for: a request that nobody repeated was carried out once at most. */
function ordersCounted(told: readonly Told[], orders: readonly OrderRow[]): Violation[] {
  const asked = of(told, 'create')
  const nameOf = (user: number | bigint, lines: string) => `user ${user}, ${lines}`
  const made = Map.groupBy(
    orders.filter((order) => order.checkout_id === null),
    (order) => nameOf(order.user_id, order.lines),
  )
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
  const statusOf = (order: number) => orders.find(({ id }) => id === BigInt(order))?.status
  return [...of(told, 'pay'), ...of(told, 'cancel')].flatMap(({ request, answer }) => {
    if (answer === undefined) return []
    const status = statusOf(request.order)
    const fits = request.do === 'pay' ? paidAsTold(answer, status) : !answer.ok || status === 'cancelled'
    return fits
      ? []
      : [
          {
            of: 'I5',
            says,
            what: `${textOf(request)} was answered ${textOf(answer)}, the order is ${status}`,
          },
        ]
  })
}

/** What could not be paid at one moment is never paid later: every refusal of a payment is final. */
function paidAsTold(answer: NonNullable<Told['answer']>, status: string | undefined): boolean {
  if (answer.ok) return status === 'confirmed'
  return answer.error.code !== 'order_not_payable' || status !== 'confirmed'
}

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
