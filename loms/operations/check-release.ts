//! Document D's `release` of a position: an order that waits gives its stock back by being cancelled, so this only says whether it has.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { orderOf } from '../store/orders.ts'
import { openPieces } from '../store/stock.ts'
import type { Reservation } from './check-reservation.ts'

/** Succeeds where the order holds none of it any more; an order that waits gives it back by being cancelled. */
export async function checkRelease(
  deps: Pick<Deps, 'store'>,
  { tenantId }: Pick<Call, 'tenantId'>,
  { orderId, sku }: Reservation,
): Promise<Result<void>> {
  return await deps.store.read(async (tx) => {
    if ((await orderOf(tx, tenantId, orderId)) === undefined) return fail('order_not_found')
    const reserved = await openPieces(tx, { tenantId, orderId, sku })
    return reserved === 0 ? ok(undefined) : fail('reservation_conflict', { reserved })
  })
}
