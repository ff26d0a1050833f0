//! The step that every order paid from a wallet has: its saga begins in the transaction that makes the order.
import { int64ToJson } from '../../contracts/scalars.ts'
import { plusMs } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import { storeProgress } from '../../runtime/idempotency.ts'
import type { SagaDeps } from '../deps.ts'
import { type Order, totalOf } from '../domain/order.ts'
import { begin, stepOf } from '../domain/saga.ts'
import { insertSaga } from '../store/sagas.ts'
import type { Tx } from '../store/schema.ts'
import { leaseMs } from './take-news.ts'

/** The key of the call, where it has one, is answered with the saga's last step; until then a repeat is told the order. */
export async function beginSaga(
  tx: Tx,
  deps: Pick<SagaDeps, 'now' | 'sagaMode'>,
  { idempotency }: Call,
  order: Order,
): Promise<void> {
  const total = totalOf(order.lines, order.currency)
  if (total === undefined) throw new Error(`order ${order.id} was placed without its prices`)
  const progress = begin(deps.sagaMode, total.amount === 0)
  const now = deps.now()
  await storeProgress(
    tx,
    { tenantId: order.tenantId, ...(idempotency && { idempotency }) },
    { order_id: int64ToJson(order.id) },
  )
  await insertSaga(tx, {
    tenantId: order.tenantId,
    orderId: order.id,
    userId: order.userId,
    amount: total.amount,
    currency: order.currency,
    ...progress,
    attempts: 0,
    retryAt: stepOf(progress.state) === undefined ? null : plusMs(now, leaseMs),
    keyScope: idempotency?.scope ?? null,
    key: idempotency?.key ?? null,
    startedAt: now,
    updatedAt: now,
  })
}
