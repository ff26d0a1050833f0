//! The catalogue's fact `product.changed`, taken over into our copy.
import type { Static } from '@sinclair/typebox'
import { ok, type Result } from '../../contracts/errors.ts'
import type { ProductChanged } from '../../contracts/events/catalog.ts'
import type { TenantId } from '../../contracts/ids.ts'
import { defaultCurrency } from '../../contracts/money.ts'
import { Unusable } from '../../runtime/messages/handler.ts'
import { putProduct } from '../store/catalog.ts'
import type { Tx } from '../store/schema.ts'

/** An older version than the one known changes nothing. Orders are in one currency: a price in another is of no use. */
export async function recordProduct(
  tx: Tx,
  changed: Static<typeof ProductChanged.schema>,
): Promise<Result<void>> {
  if (changed.currency !== defaultCurrency)
    throw new Unusable('its price is in money that nothing is sold for')
  await putProduct(tx, {
    tenantId: changed.tenant_id as TenantId,
    sku: changed.sku,
    productId: changed.product_id,
    name: changed.name,
    price: changed.price,
    currency: defaultCurrency,
    weightGrams: changed.weight_grams,
    withdrawn: changed.withdrawn,
    version: changed.version,
  })
  return ok(undefined)
}
