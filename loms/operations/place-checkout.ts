//! Cart's question `PlaceCheckout`: one order at most of a checkout, however often it is asked and wherever it dies.
import { fail, type Result } from '../../contracts/errors.ts'
import type { CheckoutId, OrderId, UserId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import type { Wanted } from '../domain/stock.ts'
import { claimCheckout, outcomeOf, putOutcome } from '../store/catalog.ts'
import { orderOf } from '../store/orders.ts'
import type { Tx } from '../store/schema.ts'
import { placeAnswer, placeOrder, refuseOverfull } from './place-order.ts'

export type PlaceCheckout = {
  readonly checkoutId: CheckoutId
  readonly userId: UserId
  readonly items: readonly Wanted[]
  readonly notAfter: Instant
}

type Outcome = { readonly answer: Result<{ orderId: OrderId }>; readonly placed?: Order }

/** Refused with `insufficient_stock`, or with `checkout_expired` after `notAfter` and when it was settled without an order. */
export async function placeCheckout(
  deps: Deps,
  call: Call,
  request: PlaceCheckout,
): Promise<Result<{ orderId: OrderId }>> {
  const overfull = refuseOverfull(request.items)
  if (overfull !== undefined) return overfull
  const { answer, placed } = await deps.store.write((tx) => place(tx, deps, call, request))
  if (placed !== undefined) deps.metrics.reached(placed)
  if (placed?.status === 'pending') deps.deadlineSet(placed.payBy)
  return answer
}

async function place(tx: Tx, deps: Deps, call: Call, request: PlaceCheckout): Promise<Outcome> {
  const { tenantId } = call
  const { checkoutId } = request
  const claimed = await claimCheckout(tx, { tenantId, checkoutId })
  if (claimed.length === 0) {
    const [outcome] = await outcomeOf(tx, { tenantId, checkoutId })
    const order = outcome?.orderId == null ? undefined : await orderOf(tx, tenantId, outcome.orderId)
    return { answer: order === undefined ? fail('checkout_expired') : placeAnswer(order) }
  }
  // The claim stays without an order: a later try is told the same.
  if (deps.now() > request.notAfter) return { answer: fail('checkout_expired') }
  const made = await placeOrder(tx, deps, call, request)
  if (!made.ok) return { answer: made }
  const order = made.value
  await putOutcome(tx, { tenantId, checkoutId, orderId: order.id })
  return { answer: placeAnswer(order), placed: order }
}
