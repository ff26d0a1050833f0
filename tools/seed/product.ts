//! The shape of a demo product: as its category's file writes it, and as it is seeded.
import type { ProductId } from '../../contracts/ids.ts'

/** Where the demo shop keeps its goods. */
export const demoWarehouses = [
  { id: 1n, name: 'Kyiv' },
  { id: 2n, name: 'Lviv' },
  { id: 3n, name: 'Odesa' },
] as const satisfies readonly { readonly id: bigint; readonly name: string }[]

type WarehouseName = (typeof demoWarehouses)[number]['name']

export type DemoProduct = {
  readonly sku: number
  readonly id: ProductId
  readonly name: string
  readonly description: string
  readonly category: string
  /** Kopecks. */
  readonly price: number
  readonly weightGrams: number
  readonly stock: readonly { readonly warehouseId: bigint; readonly onHand: number }[]
}

/** A product in its category's file. A warehouse that is not named never had it; `0` means that it is sold out there. */
export type WrittenProduct = Pick<DemoProduct, 'sku' | 'name' | 'description' | 'price' | 'weightGrams'> & {
  readonly onHand: Readonly<Partial<Record<WarehouseName, number>>>
}

/** Adds what a category's file does not repeat: the category, the id and the warehouses' ids. */
export function inCategory(category: string, products: readonly WrittenProduct[]): readonly DemoProduct[] {
  return products.map(({ onHand, ...product }) => ({
    ...product,
    id: `prod_${product.sku}`,
    category,
    stock: demoWarehouses.flatMap(({ id, name }) => {
      const quantity = onHand[name]
      return quantity === undefined ? [] : [{ warehouseId: id, onHand: quantity }]
    }),
  }))
}
