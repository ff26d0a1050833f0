//! The categories of the shop window.
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { categoriesOf } from '../store/product-list.ts'

/** Those in which something is sold, and how many products each has. */
export async function listCategories(
  { store }: Pick<Deps, 'store'>,
  { tenantId }: Pick<Call, 'tenantId'>,
): Promise<readonly { readonly category: string; readonly count: number }[]> {
  return await store.read((tx) => categoriesOf(tx, tenantId))
}
