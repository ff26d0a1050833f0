//! `order.created` in choreography: what the order costs is held without anybody asking.
import { ok, type Result } from '../../contracts/errors.ts'
import type { DataOf } from '../../contracts/events/define.ts'
import type { OrderCreated } from '../../contracts/events/loms.ts'
import type { TenantId } from '../../contracts/ids.ts'
import { type Currency, exponents, money } from '../../contracts/money.ts'
import { orderIdOf, userIdOf } from '../../contracts/scalars.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import { refusedFact } from '../facts.ts'
import type { Tx } from '../store/schema.ts'
import { placeHold } from './place-hold.ts'

/**
 * Runs in the reader's transaction. Nothing happens where somebody else decides, or where there is nothing to hold. Refused
 * with `hold_differs` where another user or amount is held for the order; who waits for its money hears that there is none.
 */
export async function holdCreatedOrder(
  tx: Tx,
  deps: Deps,
  cause: Cause,
  order: DataOf<typeof OrderCreated>,
): Promise<Result<unknown>> {
  const { total = 0, currency, payment_method: paymentMethod } = order
  if (!deps.choreography || paymentMethod !== 'wallet' || total === 0 || !isCurrency(currency)) {
    return ok(undefined)
  }
  const asked = {
    tenantId: order.tenant_id as TenantId,
    orderId: orderIdOf(order.order_id),
    userId: userIdOf(order.user_id),
    amount: money(total, currency),
  }
  const placed = await placeHold(tx, deps, cause, asked)
  if (!placed.ok && placed.error.code === 'hold_differs')
    await deps.announce(tx, cause, [refusedFact(asked, deps.now())])
  return placed
}

const isCurrency = (text: string): text is Currency => Object.hasOwn(exponents, text)
