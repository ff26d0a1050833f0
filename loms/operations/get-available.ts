//! How much of several SKUs can be bought now, over all warehouses.
import { ok, type Result } from '../../contracts/errors.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { availableOf, sellable } from '../domain/stock.ts'
import { productsOf } from '../store/catalog.ts'
import { stocksOf } from '../store/stock.ts'

/** By SKU; one that was never in stock is absent, and of a withdrawn product nothing can be bought. */
export async function getAvailable(
  deps: Deps,
  call: Call,
  { skus }: { skus: readonly Sku[] },
): Promise<Result<ReadonlyMap<Sku, number>>> {
  const { tenantId } = call
  const { stocks, products } = await deps.store.read(async (tx) => ({
    stocks: await stocksOf(tx, tenantId, skus),
    products: await productsOf(tx, tenantId, skus),
  }))
  const available = new Map<Sku, number>()
  for (const stock of sellable(stocks, products))
    available.set(stock.sku, (available.get(stock.sku) ?? 0) + availableOf(stock))
  return ok(available)
}
