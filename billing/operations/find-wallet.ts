//! The step that looking at a wallet and topping it up share: the first of them opens it.
import { defaultCurrency } from '../../contracts/money.ts'
import type { Deps } from '../deps.ts'
import type { Wallet } from '../domain/wallet.ts'
import type { Tx } from '../store/schema.ts'
import { lockWallet, openWallet } from '../store/wallets.ts'
import type { WalletOwner } from './open-wallet.ts'

/** Runs inside the caller's transaction; the wallet is held until it ends. */
export async function findWallet(tx: Tx, deps: Pick<Deps, 'now'>, owner: WalletOwner): Promise<Wallet> {
  const key = { ...owner, currency: defaultCurrency }
  const found = await lockWallet(tx, key)
  if (found !== undefined) return found
  await openWallet(tx, key, deps.now())
  const opened = await lockWallet(tx, key)
  if (opened === undefined) throw new Error('an opened wallet is not there')
  return opened
}
