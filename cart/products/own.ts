//! Our own catalogue as the source of names and prices, asked over NATS.
import { fail, ok } from '../../contracts/errors.ts'
import type { ProductId, Sku } from '../../contracts/ids.ts'
import { GetProducts, GetSkus } from '../../contracts/rpc/catalog.ts'
import { skusMax } from '../../contracts/scalars.ts'
import type { Call } from '../../runtime/call.ts'
import { type GatherOptions, gather, type RpcClient } from '../../runtime/rpc.ts'
import type { Product, ProductSource } from '../deps.ts'

export const ownCatalog = (rpc: RpcClient, defer?: GatherOptions['defer']): ProductSource => ({
  products: gather<Sku, Product, Call>(
    async (call, skus) => {
      const asked = await rpc.ask(GetProducts, call, { skus: [...skus] })
      // Whatever kept the catalogue from answering, to our caller it is one thing.
      if (!asked.ok) return fail('catalog_unavailable')
      return ok(new Map(asked.value.products.map((product) => [product.sku, product])))
    },
    { keysMax: skusMax, ...(defer && { defer }) },
  ),
  async skuOf(call: Call, id: ProductId) {
    const asked = await rpc.ask(GetSkus, call, { ids: [id] })
    if (!asked.ok) return fail('catalog_unavailable')
    return ok(asked.value.products.find((product) => product.id === id)?.sku)
  },
})
