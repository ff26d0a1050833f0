//! `stock/info`: what of a SKU can be bought now, warehouse by warehouse.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Stock } from '../domain/stock.ts'
import { stockOf } from '../store/stock.ts'

/** Every warehouse that has ever had the SKU, in ascending order. Refused with `sku_not_found` where none has. */
export async function getStock(
  deps: Deps,
  call: Call,
  request: { sku: Sku },
): Promise<Result<readonly Stock[]>> {
  const stocks = await deps.store.read((tx) => stockOf(tx, call.tenantId, request.sku))
  return stocks.length === 0 ? fail('sku_not_found') : ok(stocks)
}
