//! Document D's `reserve` of a position: an order has its stock exactly as long as it waits for it, so this only says whether it does.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId, Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { orderOf } from '../store/orders.ts'
import { openPieces } from '../store/stock.ts'

export type Reservation = { readonly orderId: OrderId; readonly sku: Sku }

/** Succeeds where the pending order has reserved exactly so many; refused with `order_not_found` and `reservation_conflict`. */
export async function checkReservation(
  deps: Pick<Deps, 'store'>,
  { tenantId }: Pick<Call, 'tenantId'>,
  { orderId, sku, count }: Reservation & { readonly count: number },
): Promise<Result<void>> {
  return await deps.store.read(async (tx) => {
    if ((await orderOf(tx, tenantId, orderId)) === undefined) return fail('order_not_found')
    const reserved = await openPieces(tx, { tenantId, orderId, sku })
    return reserved === count ? ok(undefined) : fail('reservation_conflict', { reserved })
  })
}
