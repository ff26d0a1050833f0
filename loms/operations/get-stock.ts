//! `stock/info`: what of a SKU can be bought now, warehouse by warehouse.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { type Stock, sellable } from '../domain/stock.ts'
import { productsOf } from '../store/catalog.ts'
import { stockOf } from '../store/stock.ts'

/** Every warehouse that has ever had the SKU, in ascending order; nothing of a withdrawn product can be bought. Refused with `sku_not_found` where none has. */
export async function getStock(
  deps: Deps,
  call: Call,
  request: { sku: Sku },
): Promise<Result<readonly Stock[]>> {
  const { tenantId } = call
  const { sku } = request
  const { stocks, products } = await deps.store.read(async (tx) => ({
    stocks: await stockOf(tx, tenantId, sku),
    products: await productsOf(tx, tenantId, [sku]),
  }))
  if (stocks.length === 0) return fail('sku_not_found')
  return ok(sellable(stocks, products))
}
