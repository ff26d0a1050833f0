//! `user.registered`: who has an account has a wallet.
import type { TenantId, UserId } from '../../contracts/ids.ts'
import { defaultCurrency } from '../../contracts/money.ts'
import type { Deps } from '../deps.ts'
import type { Tx } from '../store/schema.ts'
import { openWallet as open } from '../store/wallets.ts'

export type WalletOwner = { readonly tenantId: TenantId; readonly userId: UserId }

/** Runs in the reader's transaction. A wallet that is there, because its owner was faster, stays as it is. */
export async function openWallet(tx: Tx, deps: Pick<Deps, 'now'>, owner: WalletOwner): Promise<void> {
  await open(tx, { ...owner, currency: defaultCurrency }, deps.now())
}
