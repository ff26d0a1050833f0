//! Drives a saga step by step until it rests or another service does not answer: each question first, then one transaction.
import type { ErrorCode, Result } from '../../contracts/errors.ts'
import type { OrderId, TenantId } from '../../contracts/ids.ts'
import { CaptureHold, HoldFunds, VoidHold } from '../../contracts/rpc/billing.ts'
import { CancelDelivery, type Delivery, MakeDelivery } from '../../contracts/rpc/delivery.ts'
import { int64ToJson } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import type { Asking } from '../../runtime/rpc.ts'
import type { SagaDeps } from '../deps.ts'
import type { RejectReason } from '../domain/order.ts'
import { type News, type Step, stepOf } from '../domain/saga.ts'
import { detailsOf } from '../store/details.ts'
import { lockOrder } from '../store/orders.ts'
import { lockSaga, putSaga, type Saga, sagaOf } from '../store/sagas.ts'
import { takeNews } from './take-news.ts'

/** Where nobody says where to: the first pick-up point. */
const nowhere: Delivery = { method: 'pickup' }

/** The saga where it rests, or where it could not go on now; then it is taken up again by itself. */
export async function driveSaga(
  deps: SagaDeps,
  call: Asking,
  id: { tenantId: TenantId; orderId: OrderId },
): Promise<Saga | undefined> {
  let { saga, delivery } = await deps.store.read(async (tx) => ({
    saga: await sagaOf(tx, id),
    delivery: (await detailsOf(tx, id.tenantId, [id.orderId])).get(id.orderId)?.delivery ?? nowhere,
  }))
  for (;;) {
    const step = saga && stepOf(saga.state)
    if (saga === undefined || step === undefined) return saga
    const news = await take(deps, call, step, saga, delivery)
    if (news === undefined) return await postpone(deps, saga)
    const taken = await deps.store.write((tx) => takeNews(tx, deps, call, id.orderId, news))
    if (taken.changed !== undefined) deps.metrics.reached(taken.changed)
    saga = taken.saga
  }
}

/** Asks what the step needs; undefined where nobody knows, so that it has to be asked again. */
async function take(
  { rpc }: SagaDeps,
  call: Asking,
  step: Step,
  saga: Saga,
  delivery: Delivery,
): Promise<News | undefined> {
  const order = { order_id: int64ToJson(saga.orderId) }
  const user = { user_id: int64ToJson(saga.userId) }
  switch (step) {
    case 'hold': {
      const { amount, currency } = saga
      const held = await rpc.ask(HoldFunds, call, { ...order, ...user, amount, currency })
      return newsOf(held, 'held', {
        insufficient_funds: 'insufficient_funds',
        hold_closed: 'insufficient_funds',
      })
    }
    case 'deliver': {
      const made = await rpc.ask(MakeDelivery, call, { ...order, ...user, delivery })
      return newsOf(made, 'accepted', {
        delivery_refused: 'delivery_refused',
        delivery_closed: 'delivery_refused',
      })
    }
    case 'capture': {
      const captured = await rpc.ask(CaptureHold, call, order)
      // Called off after it was confirmed: billing has given the money back, or never had any to hold.
      const isOver = captured.ok || captured.error.code === 'hold_closed' || saga.amount === 0
      return isOver ? { kind: 'captured' } : undefined
    }
    case 'undo': {
      const [voided, cancelled] = await Promise.all([
        rpc.ask(VoidHold, call, order),
        rpc.ask(CancelDelivery, call, order),
      ])
      return voided.ok && cancelled.ok ? { kind: 'undone' } : undefined
    }
  }
}

function newsOf(
  answer: Result<unknown>,
  kind: 'held' | 'accepted',
  refusals: Partial<Record<ErrorCode, RejectReason>>,
): News | undefined {
  if (answer.ok) return { kind }
  const reason = refusals[answer.error.code]
  return reason && { kind: 'refused', reason }
}

const backoffMs = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 30_000] as const

const pauseMs = (attempts: number) => backoffMs[Math.min(attempts, backoffMs.length) - 1] ?? backoffMs[0]

/** Written down, so that whoever looks sees what hangs, and any process takes it up when its time has come. */
async function postpone(deps: SagaDeps, seen: Saga): Promise<Saga | undefined> {
  const { tenantId, orderId } = seen
  let retryAt: Instant | undefined
  const saga = await deps.store.write(async (tx) => {
    await lockOrder(tx, tenantId, orderId)
    const saga = await lockSaga(tx, { tenantId, orderId })
    // Somebody else has gone on with it.
    if (saga === undefined || saga.state !== seen.state) return saga
    const attempts = saga.attempts + 1
    const now = deps.now()
    retryAt = plusMs(now, pauseMs(attempts))
    const next = { ...saga, attempts, retryAt, updatedAt: now }
    await putSaga(tx, next)
    return next
  })
  if (retryAt !== undefined) deps.sagaDue(retryAt)
  return saga
}
