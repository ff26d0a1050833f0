//! The wallet: what a user has, and what may come into it. Pure.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { TenantId, UserId } from '../../contracts/ids.ts'
import { type Currency, type Money, money, toDecimal } from '../../contracts/money.ts'
import { type Posting, post } from './ledger.ts'

export type WalletKey = {
  readonly tenantId: TenantId
  readonly userId: UserId
  readonly currency: Currency
}

export type Balance = {
  /** What can be spent. */
  readonly available: Money
  /** Set aside for orders that are not settled yet. */
  readonly held: Money
}

export type Wallet = WalletKey &
  Balance & {
    /** How many transactions it has had: the last one's number. */
    readonly transactions: number
  }

/** In minor units, whatever the currency. */
export const topUpMax = 100_000_00
export const walletMax = 1_000_000_00

/** Refused with `invalid_argument` outside of what one top-up may be, and with `wallet_full`. */
export function topUp(wallet: Wallet, amount: Money): Result<Posting> {
  if (amount.amount < 1 || amount.amount > topUpMax) {
    const [least, most] = [1, topUpMax].map((bound) => toDecimal(money(bound, amount.currency)))
    return fail('invalid_argument', {
      errors: [{ path: '/amount', message: `must be from ${least} to ${most}` }],
    })
  }
  const total = wallet.available.amount + wallet.held.amount
  if (total + amount.amount > walletMax) {
    return fail('wallet_full', { max: toDecimal(money(walletMax, amount.currency)) })
  }
  return ok(post('top_up', amount))
}
