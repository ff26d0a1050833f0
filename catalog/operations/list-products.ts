//! The shop window: a page of what is sold, by category and by words.
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Product } from '../domain/product.ts'
import { wordsOf } from '../domain/words.ts'
import { listProducts as listed } from '../store/product-list.ts'

export type ListProducts = {
  readonly category?: string | undefined
  /** Each of its words must begin a word of name or description. Without letters and digits it asks for nothing. */
  readonly query?: string | undefined
}

/** The best first where there is a query, else by SKU; and how many there are in all. */
export async function listProducts(
  { store }: Pick<Deps, 'store'>,
  { tenantId }: Pick<Call, 'tenantId'>,
  { category, query = '' }: ListProducts,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly products: readonly Product[]; readonly total: number }> {
  return await store.read((tx) => listed(tx, { tenantId, category, words: wordsOf(query) }, page))
}
