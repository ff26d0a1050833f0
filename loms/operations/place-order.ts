//! The step that creating an order and placing a checkout share: reserve everything or write down what was short.
import { type Failure, fail, ok, type Result } from '../../contracts/errors.ts'
import type { CheckoutId, OrderId, Sku, UserId } from '../../contracts/ids.ts'
import { defaultCurrency, money, toDecimal } from '../../contracts/money.ts'
import { uint16Max } from '../../contracts/scalars.ts'
import { plusMs } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { hasExactTotal, type Order, type OrderLine, rejected, totalOf } from '../domain/order.ts'
import { allocateStock, merge, overfullLines, sellable, type Wanted } from '../domain/stock.ts'
import { placedFacts, rejectedFacts } from '../facts.ts'
import { type ProductCopy, productsOf } from '../store/catalog.ts'
import type { Details } from '../store/details.ts'
import { putNewOrder } from '../store/orders.ts'
import type { Tx } from '../store/schema.ts'
import { lockStock, reserve } from '../store/stock.ts'

export type PlaceOrder = {
  readonly userId: UserId
  readonly items: readonly Wanted[]
  readonly checkoutId?: CheckoutId
  /** `rpc` unless told: whoever says that it is paid is trusted. */
  readonly paymentMethod?: string
  readonly details?: Details
  /** Refused with `unknown_sku` where the catalogue has never announced a SKU, or has withdrawn it: without a price there is no order. */
  readonly mustBeKnown?: boolean
  /** Minor units. Refused with `total_changed` where the prices of this moment come to another total. */
  readonly expectedTotal?: number
}

/**
 * Writes the order as `pending` with its reservations, or as `failed` with its shortages and stock untouched, with the
 * facts that announce it. Refused with `total_out_of_range` where the total could not be told. Runs inside the caller's
 * transaction.
 */
export async function placeOrder(
  tx: Tx,
  deps: Deps,
  call: Call,
  request: PlaceOrder,
): Promise<Result<Order>> {
  const { tenantId } = call
  const wanted = merge(request.items)
  const skus = wanted.map(({ sku }) => sku)
  const [products, stocks] = await Promise.all([
    productsOf(tx, tenantId, skus),
    lockStock(tx, tenantId, skus),
  ])
  const unknown = request.mustBeKnown ? unknownAmong(skus, products) : []
  if (unknown.length > 0) return fail('unknown_sku', { skus: unknown })
  const now = deps.now()
  const placed = {
    tenantId,
    userId: request.userId,
    checkoutId: request.checkoutId,
    lines: linesOf(wanted, products),
    currency: defaultCurrency,
    paymentMethod: request.paymentMethod ?? 'rpc',
    placedAt: now,
  }
  if (!hasExactTotal(placed.lines)) return fail('total_out_of_range')
  const changed = refuseChanged(request.expectedTotal, placed)
  if (changed !== undefined) return changed
  const allocated = allocateStock(wanted, sellable(stocks, products))
  if (!allocated.ok) {
    const order = await putNewOrder(tx, {
      ...placed,
      status: 'failed',
      reason: 'insufficient_stock',
      shortages: allocated.shortages,
    })
    if (order.status === 'failed') await deps.announce(tx, call, rejectedFacts(order))
    return ok(order)
  }
  const payBy = plusMs(now, deps.paymentWindowMs)
  const order = await putNewOrder(tx, { ...placed, status: 'pending', payBy })
  await reserve(tx, order, allocated.allocations, now)
  if (order.status === 'pending') {
    const delivery = request.details?.delivery ?? undefined
    await deps.announce(tx, call, placedFacts(order, allocated.allocations, delivery))
  }
  return ok(order)
}

function refuseChanged(
  expected: number | undefined,
  { lines, currency }: Pick<Order, 'lines' | 'currency'>,
): Failure | undefined {
  if (expected === undefined) return undefined
  const total = totalOf(lines, currency)
  if (total?.amount === expected) return undefined
  return fail('total_changed', total && { total: toDecimal(total), currency })
}

function unknownAmong(skus: readonly Sku[], products: readonly ProductCopy[]): Sku[] {
  const sold = new Set(products.filter(({ withdrawn }) => !withdrawn).map(({ sku }) => sku))
  return skus.filter((sku) => !sold.has(sku))
}

/**
 * To be asked before anything is written: an order line is a uint16 on every surface, also where it was summed. `field`
 * is what the surface calls how many.
 */
export function refuseOverfull(items: readonly Wanted[], field: 'count' | 'quantity'): Failure | undefined {
  const message = `must not add up past ${uint16Max} pieces of one SKU`
  const errors = overfullLines(items).map((index) => ({ path: `/items/${index}/${field}`, message }))
  return errors.length > 0 ? fail('invalid_argument', { errors }) : undefined
}

/** What the caller is told about a placed order. */
export function placeAnswer(order: Order): Result<{ orderId: OrderId }> {
  return order.status === 'failed' ? rejected(order) : ok({ orderId: order.id })
}

function linesOf(wanted: readonly Wanted[], products: readonly ProductCopy[]): OrderLine[] {
  const bySku = new Map(products.map((product) => [product.sku, product]))
  return wanted.map(({ sku, quantity }) => {
    const known = bySku.get(sku)
    if (known === undefined) return { sku, quantity }
    const { productId: id, name, price, currency } = known
    return { sku, quantity, product: { id, name, price: money(price, currency) } }
  })
}
