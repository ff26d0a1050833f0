//! The clock's own operation: checkouts that died on their way are brought to the outcome that loms knows of.
import { SettleCheckout } from '../../contracts/rpc/loms.ts'
import { plusMs } from '../../contracts/time.ts'
import { childTraceparent } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { settledAs } from '../domain/outcome.ts'
import { type Checkout, overdueCheckouts } from '../store/checkouts.ts'
import { endWith } from './end-checkout.ts'

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
  // The key that began it is answered with the order, as the surface shows it that it came by.
  const show = checkout.options === null ? {} : { show: true }
  const outcome = settledAs(await deps.rpc.ask(SettleCheckout, call, { checkout_id: checkout.id, ...show }))
  if (outcome === undefined) return false
  await endWith(deps, checkout, outcome)
  return true
}
