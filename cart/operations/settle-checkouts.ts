//! The clock's own operation: checkouts that died on their way are brought to the outcome that loms knows of.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { ReplyOf } from '../../contracts/rpc/define.ts'
import { SettleCheckout } from '../../contracts/rpc/loms.ts'
import { orderIdOf } from '../../contracts/scalars.ts'
import { plusMs } from '../../contracts/time.ts'
import { childTraceparent } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { type Checkout, overdueCheckouts } from '../store/checkouts.ts'
import { type Ended, endWith } from './end-checkout.ts'

const chunk = 50

/** Answers how many were settled. What loms does not answer for stays open and is tried again at the next call. */
export async function settleCheckouts(deps: Deps): Promise<number> {
  const now = deps.now()
  const overdue = await deps.store.read((tx) => overdueCheckouts(tx, { now, limit: chunk }))
  const settled = await Promise.all(overdue.map((checkout) => settle(deps, checkout)))
  return settled.filter(Boolean).length
}

async function settle(deps: Deps, checkout: Checkout): Promise<boolean> {
  const call = {
    tenantId: checkout.tenantId,
    caller: 'service',
    requestId: deps.newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(deps.now(), SettleCheckout.timeoutMs),
  }
  const ended = endOf(await deps.rpc.ask(SettleCheckout, call, { checkout_id: checkout.id }))
  if (ended === undefined) return false
  await endWith(deps, checkout, ended)
  return true
}

function endOf(settled: Result<ReplyOf<typeof SettleCheckout>>): Ended | undefined {
  if (!settled.ok) return undefined
  const { order_id, rejected } = settled.value
  if (rejected) return { state: 'refused', answer: fail('insufficient_stock') }
  if (order_id === null) return { state: 'abandoned', answer: fail('unavailable') }
  const orderId = orderIdOf(order_id)
  return { state: 'placed', orderId, answer: ok({ orderId }) }
}
