//! What the other services may ask `catalog`.
import { Type } from '@sinclair/typebox'
import { SkuSchema, SkusSchema, uint32Max } from '../scalars.ts'
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
        name: Type.String(),
        /** Minor units. */
        price: Type.Integer({ minimum: 0, maximum: uint32Max }),
      }),
    ),
  }),
  idempotent: true,
  timeoutMs: 2000,
})
