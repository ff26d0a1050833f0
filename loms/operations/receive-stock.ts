//! Goods come into a warehouse: the first delivery of a shop, or a restock.
import type { Sku, TenantId, WarehouseId } from '../../contracts/ids.ts'
import type { Clock } from '../../contracts/time.ts'
import { putWarehouse } from '../store/catalog.ts'
import type { LomsStore } from '../store/schema.ts'
import { receive } from '../store/stock.ts'

export type Delivery = {
  readonly tenantId: TenantId
  readonly warehouse: { readonly id: WarehouseId; readonly name: string }
  readonly kind: 'initial' | 'restock'
  readonly reason: string | null
  /** A quantity of 0 makes the SKU known here as sold out. */
  readonly lines: readonly { readonly sku: Sku; readonly quantity: number }[]
}

/** Puts the whole delivery on the shelves, or nothing of it. The warehouse is made where it is new. */
export async function receiveStock(
  deps: { store: LomsStore; now: Clock },
  delivery: Delivery,
): Promise<void> {
  const { tenantId, warehouse, kind, reason } = delivery
  await deps.store.write(async (tx) => {
    await putWarehouse(tx, { tenantId, ...warehouse })
    for (const { sku, quantity } of delivery.lines) {
      const place = { tenantId, sku, warehouseId: warehouse.id, quantity }
      await receive(tx, place, { kind, reason, moment: deps.now() })
    }
  })
}
