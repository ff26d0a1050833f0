//! A product: what it is, and what putting and withdrawing it come to. Pure.
import type { ProductId, Sku, TenantId } from '../../contracts/ids.ts'
import type { Money } from '../../contracts/money.ts'
import type { Instant } from '../../contracts/time.ts'

/** What the shop says about a product, and may say anew. */
export type Content = {
  readonly name: string
  readonly description: string
  readonly category: string
  readonly price: Money
  readonly weightGrams: number
  /** Address of a picture. */
  readonly image: string | undefined
}

export type Product = Content & {
  readonly tenantId: TenantId
  /** The SKU and the id are the product's for ever. */
  readonly sku: Sku
  readonly id: ProductId
  /** No longer sold; orders keep its name and price. */
  readonly withdrawn: boolean
  /** +1 with every change, from 1. */
  readonly version: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export type New = Content & { readonly tenantId: TenantId; readonly sku: Sku; readonly id: ProductId }

/** A product that was never sold before. */
export function create(product: New, now: Instant): Product {
  return { ...product, withdrawn: false, version: 1, createdAt: now, updatedAt: now }
}

/** The product with the given content, and sold; undefined where it is that already. A withdrawn one comes back. */
export function edit(product: Product, content: Content, now: Instant): Product | undefined {
  if (!product.withdrawn && sameContent(product, content)) return undefined
  return change({ ...product, ...content, withdrawn: false }, now)
}

/** The product no longer sold; undefined where it is not sold already. */
export function withdraw(product: Product, now: Instant): Product | undefined {
  return product.withdrawn ? undefined : change({ ...product, withdrawn: true }, now)
}

function change(product: Product, now: Instant): Product {
  return { ...product, version: product.version + 1, updatedAt: now }
}

function sameContent(a: Content, b: Content): boolean {
  return (
    a.name === b.name &&
    a.description === b.description &&
    a.category === b.category &&
    a.price.amount === b.price.amount &&
    a.price.currency === b.price.currency &&
    a.weightGrams === b.weightGrams &&
    a.image === b.image
  )
}
