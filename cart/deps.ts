//! What the operations of cart are handed.
import type { Result } from '../contracts/errors.ts'
import type { NewId, ProductId, Sku } from '../contracts/ids.ts'
import type { Clock } from '../contracts/time.ts'
import type { Call } from '../runtime/call.ts'
import type { RpcClient } from '../runtime/rpc.ts'
import type { CartStore } from './store/schema.ts'

export type Product = {
  readonly sku: Sku
  /** Absent where the catalogue is somebody else's. */
  readonly id?: ProductId
  readonly name: string
  /** Minor units. */
  readonly price: number
}

/** Whoever sells: our own catalogue, or somebody else's ProductService. */
export type ProductSource = {
  /** Names and prices as they are now, by SKU; what is not sold is absent. Refused with `catalog_unavailable`. */
  products(call: Call, skus: readonly Sku[]): Promise<Result<ReadonlyMap<Sku, Product>>>
  /** The SKU of a product; undefined where it is not sold, or where SKUs are all that they know. Refused with `catalog_unavailable`. */
  skuOf(call: Call, id: ProductId): Promise<Result<Sku | undefined>>
}

export type StockSource = {
  /** What can be bought now, by SKU; what was never in stock is absent. Refused with `stock_unavailable`. */
  available(call: Call, skus: readonly Sku[]): Promise<Result<ReadonlyMap<Sku, number>>>
}

export type Deps = {
  readonly store: CartStore
  readonly now: Clock
  readonly newId: NewId
  readonly products: ProductSource
  readonly stock: StockSource
  readonly rpc: RpcClient
  /** How long loms may still make an order of a checkout after it began. */
  readonly checkoutWindowMs: number
}
