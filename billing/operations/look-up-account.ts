//! What a user has in their wallet, for an admin: looking opens nothing.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import { defaultCurrency } from '../../contracts/money.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Balance } from '../domain/wallet.ts'
import { walletOf } from '../store/wallets.ts'

/** Refused with `user_not_found` where the tenant's shop has no such wallet. */
export async function lookUpAccount(
  deps: Deps,
  call: Call,
  { userId }: { readonly userId: UserId },
): Promise<Result<Balance>> {
  const key = { tenantId: call.tenantId, userId, currency: defaultCurrency }
  const found = await deps.store.read((tx) => walletOf(tx, key))
  return found === undefined ? fail('user_not_found') : ok(found)
}
