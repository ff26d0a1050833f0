//! What came of a saga's step, and what it makes of the order: one transaction, whoever brings the news.
import { ok } from '../../contracts/errors.ts'
import type { OrderId, TenantId } from '../../contracts/ids.ts'
import { plusMs } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import { storeAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type Order, pay, reject, rejected } from '../domain/order.ts'
import { type News, stepOf, turn } from '../domain/saga.ts'
import { detailsOf } from '../store/details.ts'
import { lockOrder } from '../store/orders.ts'
import { holderOf, lockSaga, putSaga, type Saga, sagaOf } from '../store/sagas.ts'
import type { Tx } from '../store/schema.ts'
import { orderView } from '../views.ts'
import { changeOrder } from './change-order.ts'

/** Whoever takes a step has it for so long; after that somebody else takes it up. Longer than any question takes. */
export const leaseMs = 5_000

export type Taken = { readonly saga: Saga | undefined; readonly changed?: Order | undefined }

/** News that are of no use any more change nothing. The saga comes back as it is after them. */
export async function takeNews(
  tx: Tx,
  deps: Deps,
  call: Pick<Call, 'traceparent'> & { tenantId: TenantId },
  orderId: OrderId,
  news: News,
): Promise<Taken> {
  const id = { tenantId: call.tenantId, orderId }
  // The order before its saga, as everybody locks them.
  if ((await lockOrder(tx, call.tenantId, orderId)) === undefined) return { saga: undefined }
  const saga = await lockSaga(tx, id)
  const turned = saga && turn(saga, news)
  if (saga === undefined || turned === undefined) return { saga }

  const now = deps.now()
  const { progress } = turned
  let changed: Order | undefined
  if (turned.order !== undefined) {
    const { reason } = progress
    const note = news.kind === 'refused' ? news.note : undefined
    const decide = (order: Order) => (reason === null ? pay(order, now) : reject(order, reason, now, note))
    const change = await changeOrder(tx, deps, call, orderId, decide)
    changed = change.order
    // Its time was over: the order is called off, and the saga has turned to undoing with it.
    if (!change.reply.ok) return { saga: await sagaOf(tx, id), changed }
    await storeAnswer(tx, holderOf(saga), await answerOf(tx, changed))
  }
  const retryAt = stepOf(progress.state) === undefined ? null : plusMs(now, leaseMs)
  const next = { ...progress, attempts: 0, retryAt, updatedAt: now }
  await putSaga(tx, { ...id, ...next })
  return { saga: { ...saga, ...next }, changed }
}

async function answerOf(tx: Tx, order: Order | undefined) {
  if (order === undefined) throw new Error('a saga made nothing of its order')
  if (order.status === 'failed') return rejected(order)
  const details = await detailsOf(tx, order.tenantId, [order.id])
  return ok(orderView(order, details.get(order.id)))
}
