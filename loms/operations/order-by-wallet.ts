//! `POST /api/v1/order`: an order that is reserved and paid from the wallet in one call, as a saga.
import { fail, ok } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import type { OrderView } from '../../contracts/order-view.ts'
import { int64ToJson, orderIdOf } from '../../contracts/scalars.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { answerStored, claimKey, storeAnswer } from '../../runtime/idempotency.ts'
import type { SagaDeps } from '../deps.ts'
import { type Order, rejected } from '../domain/order.ts'
import { detailsOf, insertDetails } from '../store/details.ts'
import { orderOf } from '../store/orders.ts'
import type { Tx } from '../store/schema.ts'
import { orderView } from '../views.ts'
import { awaitSaga } from './await-saga.ts'
import { beginSaga } from './begin-saga.ts'
import { walletMethod } from './leave-saga.ts'
import { type PlaceOrder, placeAnswer, placeOrder, refuseOverfull } from './place-order.ts'

/** `isOpen`: whether it can be had is not known yet. */
export type WalletOrder = { readonly order: OrderView; readonly isOpen: boolean }
export type OrderByWallet = Omit<PlaceOrder, 'checkoutId' | 'paymentMethod' | 'mustBeKnown'>

type Begun =
  | { readonly kind: 'answered'; readonly answer: Answer<OrderView>; readonly placed?: Order }
  | { readonly kind: 'open'; readonly order: Order }
  /** The same request came before, and whether its order can be had is not known yet. */
  | { readonly kind: 'repeated'; readonly orderId: OrderId }

/**
 * Refused with `unknown_sku`, `insufficient_stock`, `insufficient_funds`, `delivery_refused`; the last three name the order that
 * is kept as failed. Asked again while the order is open, it is the same order that is waited for and told.
 */
export async function orderByWallet(
  deps: SagaDeps,
  call: Call,
  request: OrderByWallet,
): Promise<Answer<WalletOrder>> {
  const overfull = refuseOverfull(request.items, 'quantity')
  if (overfull !== undefined) return overfull
  const begun = await deps.store.write((tx) => beginOrder(tx, deps, call, request))
  if (begun.kind === 'answered') {
    if (begun.placed !== undefined) deps.metrics.reached(begun.placed)
    const { answer } = begun
    return answer.ok ? { ...answer, value: { order: answer.value, isOpen: false } } : answer
  }
  if (begun.kind === 'repeated') {
    await awaitSaga(deps, call, begun.orderId, { isRepeat: true })
    return await answerOf(deps, call, begun.orderId)
  }
  const { order } = begun
  deps.metrics.reached(order)
  if (order.status === 'pending') deps.deadlineSet(order.payBy)
  await awaitSaga(deps, call, order.id)
  const { replayOf: _, ...answer } = await answerOf(deps, call, order.id)
  return answer
}

async function beginOrder(tx: Tx, deps: SagaDeps, call: Call, request: OrderByWallet): Promise<Begun> {
  const now = deps.now()
  const claim = await claimKey(tx, call, now)
  if (!claim.claimed) {
    const orderId = orderUnderWay(claim.answer)
    return orderId === undefined ? { kind: 'answered', answer: claim.answer } : { kind: 'repeated', orderId }
  }
  const placed = await placeOrder(tx, deps, call, {
    ...request,
    paymentMethod: walletMethod,
    mustBeKnown: true,
  })
  if (!placed.ok) {
    await storeAnswer(tx, call, placed)
    return { kind: 'answered', answer: placed }
  }
  const order = placed.value
  if (request.details !== undefined)
    await insertDetails(tx, { tenantId: order.tenantId, orderId: order.id, ...request.details })
  if (order.status === 'failed') {
    const answer = placeAnswer(order)
    if (answer.ok) throw new Error('a failed order was answered as placed')
    await storeAnswer(tx, call, answer)
    return { kind: 'answered', answer, placed: order }
  }
  await beginSaga(tx, deps, call, order)
  return { kind: 'open', order }
}

async function answerOf(deps: SagaDeps, call: Call, orderId: OrderId): Promise<Answer<WalletOrder>> {
  const { decided, order, view } = await deps.store.read(async (tx) => {
    const decided = await answerStored(tx, call)
    const order = await orderOf(tx, call.tenantId, orderId)
    const details = await detailsOf(tx, call.tenantId, [orderId])
    return { decided, order, view: order && orderView(order, details.get(orderId)) }
  })
  if (order === undefined || view === undefined) throw new Error(`order ${orderId} is gone`)
  // Called off or sent since, it is told as it was decided: so is whoever asks again with the key.
  if (decided !== undefined && isDecided(decided))
    return decided.ok ? { ...decided, value: { order: decided.value, isOpen: false } } : decided
  switch (order.status) {
    case 'pending':
      return ok({ order: view, isOpen: true })
    case 'failed':
      return rejected(order)
    case 'cancelled':
    case 'refunded':
      return fail('order_not_payable', {
        order_id: int64ToJson(orderId),
        reason: order.status === 'cancelled' ? order.reason : order.status,
      })
    case 'confirmed':
    case 'processing':
    case 'shipped':
    case 'delivered':
      return ok({ order: view, isOpen: false })
  }
}

const isDecided = (answer: Answer<OrderView>) => answer.ok || answer.error.code !== 'in_progress'

/** Which order the first request has made (begin-saga.ts), where it is not decided. */
function orderUnderWay(answer: Answer<OrderView>): OrderId | undefined {
  if (isDecided(answer) || answer.ok) return undefined
  const id = answer.error.details?.order_id
  return id === undefined ? undefined : orderIdOf(id as number | string)
}
