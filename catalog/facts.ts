//! What catalog tells the others when a product changes: pure, from the product to its fact.
import { ProductChanged } from '../contracts/events/catalog.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { type Fact, fact } from '../runtime/messages/outbox.ts'
import type { Product } from './domain/product.ts'

/** The product was created, edited or withdrawn: this is what it is now. */
export function productChanged(product: Product): Fact {
  return fact(ProductChanged, String(product.sku), {
    product_id: product.id,
    sku: product.sku,
    tenant_id: product.tenantId,
    name: product.name,
    category: product.category,
    price: product.price.amount,
    currency: product.price.currency,
    weight_grams: product.weightGrams,
    withdrawn: product.withdrawn,
    version: product.version,
    moment: toRfc3339(product.updatedAt),
  })
}
