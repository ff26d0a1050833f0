//! Every fact `catalog` tells the others.
import { Type } from '@sinclair/typebox'
import { idSchema } from '../ids.ts'
import { SkuSchema, uint32Max } from '../scalars.ts'
import { defineEvent, defineStream } from './define.ts'

/** A product was created, edited or withdrawn: this is what it is now, whole. */
export const ProductChanged = defineEvent(
  'product.changed',
  Type.Object({
    product_id: idSchema('product'),
    sku: SkuSchema,
    tenant_id: Type.String({ minLength: 1, maxLength: 64 }),
    name: Type.String(),
    category: Type.String(),
    /** Minor units. */
    price: Type.Integer({ minimum: 0, maximum: uint32Max }),
    currency: Type.String(),
    weight_grams: Type.Integer({ minimum: 0 }),
    /** True when it is no longer sold; orders keep its name and price. */
    withdrawn: Type.Boolean(),
    /** +1 with every change of the product, from 1. A reader keeps the highest that it has seen. */
    version: Type.Integer({ minimum: 1 }),
    moment: Type.String(),
  }),
)

export const catalogEvents = [ProductChanged] as const
export const catalogStream = defineStream({ service: 'catalog', subjects: ['product.>'] })
