//! `get-profile`: who an account is.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { accountOf } from '../store/users.ts'

/** Refused with `user_not_found`, for an account of another tenant too. */
export async function getProfile(
  { store }: Pick<Deps, 'store'>,
  { tenantId }: Pick<Call, 'tenantId'>,
  { userId }: { readonly userId: UserId },
): Promise<Result<Account>> {
  const account = await store.read((tx) => accountOf(tx, tenantId, userId))
  return account === undefined ? fail('user_not_found') : ok(account)
}
