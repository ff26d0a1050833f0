//! The catalogue's fact `product.changed`, taken over into our copy.
import type { Static } from '@sinclair/typebox'
import { ok, type Result } from '../../contracts/errors.ts'
import type { ProductChanged } from '../../contracts/events/catalog.ts'
import type { TenantId } from '../../contracts/ids.ts'
import type { Currency } from '../../contracts/money.ts'
import { putProduct } from '../store/catalog.ts'
import type { Tx } from '../store/schema.ts'

/** An older version than the one known changes nothing. */
export async function recordProduct(
  tx: Tx,
  changed: Static<typeof ProductChanged.schema>,
): Promise<Result<void>> {
  await putProduct(tx, {
    tenantId: changed.tenant_id as TenantId,
    sku: changed.sku,
    productId: changed.product_id,
    name: changed.name,
    price: changed.price,
    currency: changed.currency as Currency,
    weightGrams: changed.weight_grams,
    withdrawn: changed.withdrawn,
    version: changed.version,
  })
  return ok(undefined)
}
