//! The ledger: what money does, as postings whose entries add up to nothing. Pure.
import type { OrderId } from '../../contracts/ids.ts'
import { type Currency, type Money, money } from '../../contracts/money.ts'

/**
 * Where money can be. `available` and `held` are a wallet's; `external` is where top-ups come from, `revenue` what was
 * earned, and both are the shop's.
 */
export const accounts = ['available', 'held', 'external', 'revenue'] as const
export type Account = (typeof accounts)[number]

export const transactionKinds = ['top_up', 'hold', 'void', 'charge', 'refund'] as const
export type TransactionKind = (typeof transactionKinds)[number]

/** The one table of what moves where. */
export const movesOf = {
  top_up: { from: 'external', to: 'available' },
  hold: { from: 'available', to: 'held' },
  void: { from: 'held', to: 'available' },
  charge: { from: 'held', to: 'revenue' },
  refund: { from: 'revenue', to: 'available' },
} as const satisfies Record<TransactionKind, { readonly from: Account; readonly to: Account }>

/** Money that an account got, or gave where it is below zero. */
export type Entry = { readonly account: Account; readonly change: Money }

/** One transaction of one wallet, before it has its number. */
export type Posting = {
  readonly kind: TransactionKind
  readonly amount: Money
  readonly orderId: OrderId | undefined
  readonly entries: readonly Entry[]
}

/** Every top-up has no order, everything else has one. */
export function post(kind: TransactionKind, amount: Money, orderId?: OrderId): Posting {
  if (amount.amount <= 0) throw new RangeError(`nothing is moved by ${amount.amount}`)
  if ((kind === 'top_up') !== (orderId === undefined)) throw new TypeError(`a ${kind} and its order`)
  const { from, to } = movesOf[kind]
  const entries = [
    { account: from, change: negative(amount) },
    { account: to, change: amount },
  ]
  return { kind, amount, orderId, entries }
}

/** What the entries give to an account of the wallet. */
export function changeOf({ entries, amount }: Posting, account: Account): Money {
  const changes = entries.filter((entry) => entry.account === account)
  return money(
    changes.reduce((sum, { change }) => sum + change.amount, 0),
    amount.currency,
  )
}

/** The kinds that change how much a wallet has in all; the others only set money aside or give it free. */
export const visibleKinds = ['top_up', 'charge', 'refund'] as const satisfies readonly TransactionKind[]
export type VisibleKind = (typeof visibleKinds)[number]

/** What a transaction of the history did to the wallet: the sum over all is what it has, available and held. */
export function signed(kind: VisibleKind, amount: Money): Money {
  return kind === 'charge' ? negative(amount) : amount
}

export const zero = (currency: Currency): Money => money(0, currency)

// `-0` would be another number to some comparisons.
const negative = ({ amount, currency }: Money): Money => money(0 - amount, currency)
