//! An order that is paid from a wallet has changed while its saga was on its way: the saga turns to undoing what it did.
import { fail } from '../../contracts/errors.ts'
import { int64ToJson } from '../../contracts/scalars.ts'
import { storeAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { Order } from '../domain/order.ts'
import { turn } from '../domain/saga.ts'
import { holderOf, lockSaga, putSaga } from '../store/sagas.ts'
import type { Tx } from '../store/schema.ts'

export const walletMethod = 'wallet'

/** Runs in the transaction that changed the order. What the saga itself did to the order is not news to it. */
export async function leaveSaga(tx: Tx, deps: Pick<Deps, 'now'>, order: Order): Promise<void> {
  if (order.paymentMethod !== walletMethod || order.status !== 'cancelled') return
  const { tenantId, id: orderId } = order
  const saga = await lockSaga(tx, { tenantId, orderId })
  const turned = saga && turn(saga, { kind: 'order gone' })
  if (saga === undefined || turned === undefined) return
  const now = deps.now()
  const retryAt = turned.progress.state === 'undoing' ? now : null
  await putSaga(tx, { tenantId, orderId, ...turned.progress, attempts: 0, retryAt, updatedAt: now })
  const details = { order_id: int64ToJson(orderId), reason: order.reason }
  await storeAnswer(tx, holderOf(saga), fail('order_not_payable', details))
}
