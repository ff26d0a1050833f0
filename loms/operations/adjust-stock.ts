//! `POST /api/v1/stock/position/{sku}`: goods came in, or are written off.
import { fail, ok } from '../../contracts/errors.ts'
import type { Sku, WarehouseId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { availableOf } from '../domain/stock.ts'
import { warehouseOf } from '../store/catalog.ts'
import { lockStock, receive, writeOff } from '../store/stock.ts'

export type AdjustStock = {
  readonly sku: Sku
  readonly warehouseId: WarehouseId
  /** More than 0: so many came in. Less: so many are written off. */
  readonly delta: number
  readonly reason: string
}
export type Adjusted = { readonly onHand: number; readonly reserved: number }

/** Refused with `warehouse_not_found`, and with `insufficient_stock` where fewer stand there that nobody has reserved. */
export async function adjustStock(deps: Deps, call: Call, request: AdjustStock): Promise<Answer<Adjusted>> {
  const { tenantId } = call
  const { sku, warehouseId, delta, reason } = request
  return await deps.store.write((tx) =>
    once(tx, call, deps.now(), async () => {
      if ((await warehouseOf(tx, { tenantId, id: warehouseId })).length === 0)
        return fail('warehouse_not_found')
      const stocks = await lockStock(tx, tenantId, [sku])
      const here = stocks.find((stock) => stock.warehouseId === warehouseId)
      const { onHand, reserved } = here ?? { onHand: 0, reserved: 0 }
      const available = availableOf({ onHand, reserved })
      if (available + delta < 0)
        return fail('insufficient_stock', { shortages: [{ sku, wanted: -delta, available }] })
      const place = { tenantId, sku, warehouseId, quantity: Math.abs(delta) }
      const moment = deps.now()
      if (delta > 0) await receive(tx, place, { kind: here ? 'restock' : 'initial', reason, moment })
      else if (delta < 0) await writeOff(tx, place, { reason, moment })
      return ok({ onHand: onHand + delta, reserved })
    }),
  )
}
