//! What billing does for an order: one hold at most, for ever, and what every step on it comes to. Pure.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId, PaymentId, TenantId, UserId } from '../../contracts/ids.ts'
import { type Money, toDecimal } from '../../contracts/money.ts'
import { type Posting, post } from './ledger.ts'
import type { Wallet } from './wallet.ts'

/** What was to be paid, and by whom. */
export type Asked = {
  readonly userId: UserId
  readonly amount: Money
  /** What the charge and its refund are known by. */
  readonly paymentId: PaymentId
}

/** `refused`: there was not enough, and that stays the order's answer. */
export const holdStates = ['held', 'refused', 'captured', 'voided', 'refunded'] as const
export type HoldState = (typeof holdStates)[number]

export type HoldKey = { readonly tenantId: TenantId; readonly orderId: OrderId }
export type AskedHold = HoldKey &
  { [S in HoldState]: { readonly state: S; readonly asked: Asked } }[HoldState]
/** Where it was called off before it was made, nobody knows what would have been asked. */
export type Hold = AskedHold | (HoldKey & { readonly state: 'voided'; readonly asked: undefined })

/** The whole life of a hold. `verify` and the tests look at the same table. */
export const holdSteps = {
  held: ['captured', 'voided'],
  captured: ['refunded'],
  refused: [],
  voided: [],
  refunded: [],
} as const satisfies Record<HoldState, readonly HoldState[]>

/** What a step comes to: its reply and, where something changes, the next state and the money that moves. */
export type Decision = {
  readonly reply: Result<void>
  readonly change?: { readonly state: HoldState; readonly posting: Posting }
}

const done = ok(undefined)
const unchanged: Decision = { reply: done }

/** A hold that nobody has asked for before. Without a wallet there is no money in it. */
export function hold(wallet: Wallet | undefined, orderId: OrderId, amount: Money): Result<Posting> {
  if (wallet === undefined || wallet.available.amount < amount.amount) return insufficient(amount)
  return ok(post('hold', amount, orderId))
}

/** Says nothing of what there was: asked again, the answer is the same to the letter. */
const insufficient = (amount: Money) => fail('insufficient_funds', { required: toDecimal(amount) })

/** What the order was answered first, said again to who asks for the same. */
export function holdAgain(held: Hold, asked: Omit<Asked, 'paymentId'>): Result<'held' | 'captured'> {
  if (held.asked === undefined) return fail('hold_closed')
  const { userId, amount } = held.asked
  const isSame =
    userId === asked.userId &&
    amount.amount === asked.amount.amount &&
    amount.currency === asked.amount.currency
  if (!isSame) return fail('hold_differs')
  switch (held.state) {
    case 'held':
      return ok('held')
    case 'captured':
    case 'refunded':
      return ok('captured')
    case 'refused':
      return insufficient(amount)
    case 'voided':
      return fail('hold_closed')
  }
}

/** The money is the shop's. */
export function capture(held: Hold | undefined): Decision {
  if (held === undefined) return { reply: fail('hold_not_found') }
  switch (held.state) {
    case 'held':
      return step(held, 'captured')
    case 'captured':
    case 'refunded':
      return unchanged
    case 'refused':
      return { reply: fail('hold_not_found') }
    case 'voided':
      return { reply: fail('hold_closed') }
  }
}

/** The money is the user's again. Where there was never a hold, the caller writes down that there will be none. */
export function voidHold(held: Hold | undefined): Decision {
  switch (held?.state) {
    case 'held':
      return step(held, 'voided')
    case 'refused':
    case 'voided':
    case undefined:
      return unchanged
    case 'captured':
    case 'refunded':
      return { reply: fail('hold_captured') }
  }
}

/** The order is over and its user is to have the money, wherever it is by now. */
export function giveBack(held: Hold | undefined): Decision {
  switch (held?.state) {
    case 'held':
      return step(held, 'voided')
    case 'captured':
      return step(held, 'refunded')
    case 'refused':
    case 'voided':
    case 'refunded':
    case undefined:
      return unchanged
  }
}

/** Its order did not take this payment. What was taken as another is not given back for it. */
export function refund(held: Hold | undefined, paymentId: PaymentId): Decision {
  if (held?.asked === undefined) return { reply: fail('hold_not_found') }
  if (held.asked.paymentId !== paymentId) return { reply: fail('hold_differs') }
  return held.state === 'captured' ? step(held, 'refunded') : unchanged
}

/** The same for one user's order: what another has set aside under its number is not for it to move. */
export const ofUser =
  (userId: UserId | undefined, decide: (held: Hold | undefined) => Decision) =>
  (held: Hold | undefined): Decision =>
    userId === undefined || held?.asked === undefined || held.asked.userId === userId
      ? decide(held)
      : { reply: fail('hold_differs') }

const postingKinds = { captured: 'charge', voided: 'void', refunded: 'refund' } as const

/** A step that the table does not list does not compile. */
function step<S extends 'held' | 'captured'>(
  { asked, orderId }: AskedHold & { readonly state: S },
  state: (typeof holdSteps)[S][number],
): Decision {
  const posting = post(postingKinds[state], asked.amount, orderId)
  return { reply: done, change: { state, posting } }
}
