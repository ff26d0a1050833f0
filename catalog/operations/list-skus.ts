//! `list_skus`: a page of what is sold, for whoever has the catalogue's token.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { skusAfter } from '../store/products.ts'

export type ListSkus = {
  readonly token: string
  /** Exclusive; 0 starts at the beginning. */
  readonly startAfterSku: Sku | 0
  /** How many at most. */
  readonly count: number
}

/** The longest page. */
export const skusPerPageMax = 1000

/** Ascending, empty past the last one. Refused with `bad_token`. */
export async function listSkus(
  deps: Deps,
  call: Call,
  { token, startAfterSku, count }: ListSkus,
): Promise<Result<readonly Sku[]>> {
  if (!deps.isToken(token)) return fail('bad_token')
  return ok(await deps.store.read((tx) => skusAfter(tx, call.tenantId, startAfterSku, count)))
}
