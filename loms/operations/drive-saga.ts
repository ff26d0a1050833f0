//! Drives a saga step by step until it rests or another service does not answer: each question first, then one transaction.
import { type DomainError, type ErrorCode, isTransient, type Result } from '../../contracts/errors.ts'
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
    const tried = await take(deps, call, step, saga, delivery)
    if ('pause' in tried) return await postpone(deps, saga, tried.pause)
    const taken = await deps.store.write((tx) => takeNews(tx, deps, call, id.orderId, tried))
    if (taken.changed !== undefined) deps.metrics.reached(taken.changed)
    saga = taken.saga
  }
}

/** Nothing has come of the step, and it has to be asked again. */
type Again = {
  /** `unanswered`: nobody knows. `refused`: as no step before it lets expect, and only people can tell why. */
  readonly pause: 'unanswered' | 'refused'
}

/** Asks what the step needs. */
async function take(
  { rpc }: SagaDeps,
  call: Asking,
  step: Step,
  saga: Saga,
  delivery: Delivery,
): Promise<News | Again> {
  const order = { order_id: int64ToJson(saga.orderId) }
  const user = { user_id: int64ToJson(saga.userId) }
  const owned = { ...order, ...user }
  switch (step) {
    case 'hold': {
      const { amount, currency } = saga
      const held = await rpc.ask(HoldFunds, call, { ...owned, amount, currency })
      return newsOf(held, 'held', {
        insufficient_funds: 'insufficient_funds',
        hold_closed: 'insufficient_funds',
        // Something else was paid under the order's number: from this wallet nothing can be, now or later.
        hold_differs: 'insufficient_funds',
      })
    }
    case 'deliver': {
      const made = await rpc.ask(MakeDelivery, call, { ...owned, delivery })
      return newsOf(made, 'accepted', {
        delivery_refused: 'delivery_refused',
        delivery_closed: 'delivery_refused',
        // Under the order's number another's goods are on their way: ours would go to them.
        delivery_differs: 'delivery_refused',
      })
    }
    case 'capture': {
      // Nothing was held for what costs nothing.
      if (saga.amount === 0) return { kind: 'captured' }
      const captured = await rpc.ask(CaptureHold, call, owned)
      // Called off after it was confirmed: billing has given the money back.
      return newsIf(captured, 'captured', ['hold_closed'])
    }
    case 'undo': {
      const [voided, cancelled] = await Promise.all([
        rpc.ask(VoidHold, call, owned),
        rpc.ask(CancelDelivery, call, owned),
      ])
      // What was charged comes back by the order's own fact; what another has is not this order's to undo.
      const back = newsIf(voided, 'undone', ['hold_captured', 'hold_differs'])
      return 'pause' in back ? back : newsIf(cancelled, 'undone', ['delivery_differs'])
    }
  }
}

function newsOf(
  answer: Result<unknown>,
  kind: 'held' | 'accepted',
  refusals: Partial<Record<ErrorCode, RejectReason>>,
): News | Again {
  if (answer.ok) return { kind }
  const { code, details } = answer.error
  const reason = refusals[code]
  if (reason === undefined) return again(answer.error)
  // Of the codes that a customer is told, this one alone has a reason of its own.
  const note = code === 'delivery_refused' ? details?.reason : undefined
  return { kind: 'refused', reason, ...(typeof note === 'string' && { note }) }
}

/** The news also where it was refused because there is nothing left to be done. */
function newsIf(
  answer: Result<unknown>,
  kind: 'captured' | 'undone',
  asGood: readonly ErrorCode[],
): News | Again {
  return answer.ok || asGood.includes(answer.error.code) ? { kind } : again(answer.error)
}

const again = (error: DomainError): Again => ({ pause: isTransient(error) ? 'unanswered' : 'refused' })

// Whoever is back after a long time finds every order done soon after; what is refused is for people, and only kept in sight.
const backoffMs = [100, 200, 400, 800, 1_600, 3_200, 5_000] as const
const refusedPauseMs = 60_000
export const pauseMsMax = refusedPauseMs

function pauseMs(pause: Again['pause'], attempts: number): number {
  if (pause === 'refused') return refusedPauseMs
  return backoffMs[Math.min(attempts, backoffMs.length) - 1] ?? backoffMs[0]
}

/** Written down, so that whoever looks sees what hangs, and any process takes it up when its time has come. */
async function postpone(deps: SagaDeps, seen: Saga, pause: Again['pause']): Promise<Saga | undefined> {
  const { tenantId, orderId } = seen
  let retryAt: Instant | undefined
  const saga = await deps.store.write(async (tx) => {
    await lockOrder(tx, tenantId, orderId)
    const saga = await lockSaga(tx, { tenantId, orderId })
    // Somebody else has gone on with it.
    if (saga === undefined || saga.state !== seen.state) return saga
    const attempts = saga.attempts + 1
    const now = deps.now()
    retryAt = plusMs(now, pauseMs(pause, attempts))
    const next = { ...saga, attempts, retryAt, updatedAt: now }
    await putSaga(tx, next)
    return next
  })
  if (retryAt !== undefined) deps.sagaDue(retryAt)
  return saga
}
