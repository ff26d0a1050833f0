//! Cart's question `PlaceCheckout`: one order at most of a checkout, however often it is asked and wherever it dies.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { CheckoutId, OrderId, UserId } from '../../contracts/ids.ts'
import type { Delivery } from '../../contracts/rpc/delivery.ts'
import type { Instant } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import type { SagaDeps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import type { Wanted } from '../domain/stock.ts'
import { claimCheckout, outcomeOf, putOutcome, putRefusal } from '../store/catalog.ts'
import { type Details, insertDetails } from '../store/details.ts'
import { sagaOf } from '../store/sagas.ts'
import type { Tx } from '../store/schema.ts'
import { orderView } from '../views.ts'
import { awaitSaga, isUndecided } from './await-saga.ts'
import { beginSaga } from './begin-saga.ts'
import { walletMethod } from './leave-saga.ts'
import { placeAnswer, placeOrder, refuseOverfull } from './place-order.ts'
import { type CheckoutOrder, type CheckoutOutcome, tellOutcome } from './tell-outcome.ts'

export type CheckoutOptions = {
  readonly delivery: Delivery
  readonly paymentMethod: string
  /** Minor units. */
  readonly expectedTotal?: number
}

export type PlaceCheckout = {
  readonly checkoutId: CheckoutId
  readonly userId: UserId
  readonly items: readonly Wanted[]
  readonly notAfter: Instant
  readonly options?: CheckoutOptions
  /** Whether the order comes along as the resources show it. */
  readonly show?: boolean
}

type Placing =
  | { readonly kind: 'answered'; readonly answer: Result<CheckoutOrder>; readonly placed?: Order }
  /** `placed`: by us, and not by who asked before. */
  | { readonly kind: 'undecided'; readonly orderId: OrderId; readonly placed?: Order }

/**
 * Refused with `insufficient_stock`, or with `checkout_expired` after `notAfter` and when it was settled without an order;
 * with options also with `unknown_sku` and `total_changed`, and where the wallet pays with what its saga refuses.
 */
export async function placeCheckout(
  deps: SagaDeps,
  call: Call,
  request: PlaceCheckout,
): Promise<Result<CheckoutOrder>> {
  const overfull = refuseOverfull(request.items, 'count')
  if (overfull !== undefined) return overfull
  const placing = await deps.store.write((tx) => place(tx, deps, call, request))
  const { placed } = placing
  if (placed !== undefined) deps.metrics.reached(placed)
  if (placed?.status === 'pending') deps.deadlineSet(placed.payBy)
  if (placing.kind === 'answered') return placing.answer
  await awaitSaga(deps, call, placing.orderId)
  return answerOf(await deps.store.write((tx) => tellOutcome(tx, askedBy(call, request))))
}

async function place(tx: Tx, deps: SagaDeps, call: Call, request: PlaceCheckout): Promise<Placing> {
  const { tenantId } = call
  const { checkoutId, options, show } = request
  const claimed = await claimCheckout(tx, { tenantId, checkoutId })
  if (claimed.length === 0) return await known(tx, call, request)
  // The claim stays without an order: a later try is told the same.
  if (deps.now() > request.notAfter) return answered(fail('checkout_expired'))
  const details = options && detailsOf(options)
  const made = await placeOrder(tx, deps, call, {
    userId: request.userId,
    items: request.items,
    checkoutId,
    ...(options && { ...options, mustBeKnown: true }),
    ...(details && { details }),
  })
  if (!made.ok) {
    await putRefusal(tx, { tenantId, checkoutId, refusal: made.error })
    return answered(made)
  }
  const order = made.value
  if (details !== undefined) await insertDetails(tx, { tenantId, orderId: order.id, ...details })
  await putOutcome(tx, { tenantId, checkoutId, orderId: order.id })
  if (order.status === 'pending' && order.paymentMethod === walletMethod) {
    await beginSaga(tx, deps, call, order)
    return { kind: 'undecided', orderId: order.id, placed: order }
  }
  const answer = placeAnswer(order)
  const value = { orderId: order.id, ...(show && { order: orderView(order, details) }) }
  return { kind: 'answered', answer: answer.ok ? ok(value) : answer, placed: order }
}

/** A checkout that was asked for before: it has its outcome, or an order whose saga is on its way to one. */
async function known(tx: Tx, call: Call, request: PlaceCheckout): Promise<Placing> {
  const { tenantId } = call
  const [outcome] = await outcomeOf(tx, { tenantId, checkoutId: request.checkoutId })
  if (outcome?.orderId != null && outcome.toldOpen !== true) {
    const saga = await sagaOf(tx, { tenantId, orderId: outcome.orderId })
    if (saga !== undefined && isUndecided(saga)) return { kind: 'undecided', orderId: outcome.orderId }
  }
  return answered(answerOf(await tellOutcome(tx, askedBy(call, request))))
}

const answered = (answer: Result<CheckoutOrder>): Placing => ({ kind: 'answered', answer })

const askedBy = ({ tenantId }: Call, { checkoutId, show = false }: PlaceCheckout) => ({
  tenantId,
  checkoutId,
  show,
})

function answerOf(outcome: CheckoutOutcome): Result<CheckoutOrder> {
  switch (outcome.kind) {
    case 'placed':
      return ok(outcome.value)
    case 'failed':
      return outcome.refusal
    case 'none':
      return { ok: false, error: outcome.error ?? { code: 'checkout_expired' } }
  }
}

function detailsOf({ delivery }: CheckoutOptions): Details {
  const address = delivery.address ?? null
  return { delivery, shippingAddress: address, billingAddress: address, notes: null }
}
