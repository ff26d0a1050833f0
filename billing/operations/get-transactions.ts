//! What has changed how much a user has, the newest first.
import { ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import { defaultCurrency } from '../../contracts/money.ts'
import type { Page } from '../../contracts/rest.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { historyOf, type Transaction } from '../store/wallets.ts'

export type GetTransactions = { readonly userId: UserId; readonly page: Page }
export type History = { readonly transactions: readonly Transaction[]; readonly total: number }

/** Money that is only set aside, or given free again, is no change: it is in `held`. */
export async function getTransactions(
  deps: Deps,
  call: Call,
  { userId, page }: GetTransactions,
): Promise<Result<History>> {
  const wallet = { tenantId: call.tenantId, userId, currency: defaultCurrency }
  return ok(await deps.store.read((tx) => historyOf(tx, wallet, page)))
}
