//! The clock's own operation: holds that have stood for long are brought to what loms knows of their order.
import { fail, type Result } from '../../contracts/errors.ts'
import type { ReplyOf } from '../../contracts/rpc/define.ts'
import { GetOrderState } from '../../contracts/rpc/loms.ts'
import { int64ToJson, userIdOf } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { childTraceparent } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { capture, giveBack } from '../domain/hold.ts'
import { lookLater, nextLook, type OldHold, oldHolds } from '../store/holds.ts'
import { changeHold } from './change-hold.ts'

/** So many are asked about at once: loms has buyers to serve. */
const chunk = 20

/** Settles what is due and answers when the next hold will have stood long enough, or undefined where none does. */
export async function settleHolds(deps: Deps): Promise<Instant | undefined> {
  for (;;) {
    const now = deps.now()
    const due = await deps.store.read((tx) => oldHolds(tx, { now, limit: chunk }))
    await Promise.all(due.map((hold) => settle(deps, hold)))
    const next = await deps.store.read((tx) => nextLook(tx))
    if (next === undefined || next > now) return next
    // Written meanwhile, or given by a clock that has moved on: nothing that was looked at now is due again.
    if (due.length === 0) return next
  }
}

async function settle(deps: Deps, hold: OldHold): Promise<void> {
  const { tenantId, orderId, userId } = hold
  const traceparent = childTraceparent(undefined)
  const deadlineAt = plusMs(deps.now(), GetOrderState.timeoutMs)
  const call = { tenantId, caller: 'service', requestId: deps.newId('request'), traceparent, deadlineAt }
  const order = await deps.rpc.ask(GetOrderState, call, { order_id: int64ToJson(orderId) })
  const isTheirs = order.ok && userIdOf(order.value.user_id) === userId
  const known = order.ok && !isTheirs ? fail('order_not_found') : order
  const end = endOf(known, deps.now() - hold.createdAt >= deps.unknownOrderMs)
  await deps.store.write(async (tx) => {
    if (end === 'later') await lookLater(tx, hold, plusMs(deps.now(), deps.holdLookMs))
    else await changeHold(tx, deps, call, hold, end)
  })
}

type End = typeof capture | typeof giveBack | 'later'

function endOf(order: Result<ReplyOf<typeof GetOrderState>>, isLongUnknown: boolean): End {
  if (!order.ok) return order.error.code === 'order_not_found' && isLongUnknown ? giveBack : 'later'
  switch (order.value.status) {
    case 'pending':
      return 'later'
    case 'confirmed':
    case 'processing':
    case 'shipped':
    case 'delivered':
      return capture
    case 'failed':
    case 'cancelled':
    case 'refunded':
      return giveBack
  }
}
