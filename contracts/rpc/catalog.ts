//! What the other services may ask `catalog`.
import { Type } from '@sinclair/typebox'
import { idSchema } from '../ids.ts'
import { SkuSchema, SkusSchema, skusMax, uint32Max } from '../scalars.ts'
import { defineRpc } from './define.ts'

/** Names and prices of SKUs, as they are now. SKUs that are not sold are absent from the reply. */
export const GetProducts = defineRpc({
  service: 'catalog',
  method: 'GetProducts',
  request: Type.Object({ skus: SkusSchema }),
  reply: Type.Object({
    products: Type.Array(
      Type.Object({
        sku: SkuSchema,
        id: Type.Optional(idSchema('product')),
        name: Type.String(),
        /** Minor units. */
        price: Type.Integer({ minimum: 0, maximum: uint32Max }),
      }),
    ),
  }),
  idempotent: true,
  timeoutMs: 2000,
})

/** The SKU of each product, by its id. Products that are not sold are absent from the reply. */
export const GetSkus = defineRpc({
  service: 'catalog',
  method: 'GetSkus',
  request: Type.Object({ ids: Type.Array(idSchema('product'), { minItems: 1, maxItems: skusMax }) }),
  reply: Type.Object({ products: Type.Array(Type.Object({ id: idSchema('product'), sku: SkuSchema })) }),
  idempotent: true,
  timeoutMs: 2000,
})
