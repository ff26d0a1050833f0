//! What a user has in their wallet.
import { ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import { defaultCurrency } from '../../contracts/money.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Balance } from '../domain/wallet.ts'
import { walletOf } from '../store/wallets.ts'
import { findWallet } from './find-wallet.ts'

export type GetAccount = { readonly userId: UserId }

/** The first look opens the wallet: the fact of the registration may still be on its way. */
export async function getAccount(deps: Deps, call: Call, { userId }: GetAccount): Promise<Result<Balance>> {
  const owner = { tenantId: call.tenantId, userId }
  const found = await deps.store.read((tx) => walletOf(tx, { ...owner, currency: defaultCurrency }))
  return ok(found ?? (await deps.store.write((tx) => findWallet(tx, deps, owner))))
}
