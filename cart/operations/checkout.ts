//! `cart/checkout`: the cart becomes one order, however often it is asked at once and wherever it dies.
//!
//! Transaction 1 writes the checkout with a snapshot of the cart; loms is asked with the checkout's id, which becomes one
//! order at most; transaction 2 ends the checkout and takes the snapshot out of the cart. Whoever finds an open checkout,
//! a second caller or the same one after a crash, drives it to its end instead of beginning another.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId, UserId } from '../../contracts/ids.ts'
import { PlaceCheckout } from '../../contracts/rpc/loms.ts'
import { int64ToJson, orderIdOf } from '../../contracts/scalars.ts'
import { plusMs, toRfc3339 } from '../../contracts/time.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { claimKey, releaseKey, storeAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { lockLines } from '../store/carts.ts'
import { type Checkout, insertCheckout, openCheckoutOf } from '../store/checkouts.ts'
import { type Ended, endWith } from './end-checkout.ts'

export type Purchase = { readonly orderId: OrderId }

/** Another process may begin a checkout again and again under our eyes; then the caller is told to come back. */
const attemptsMax = 3

type Begun =
  | { readonly kind: 'answered'; readonly answer: Answer<Purchase> }
  /** `joined`: somebody began it before us. */
  | { readonly kind: 'open'; readonly checkout: Checkout; readonly joined: boolean }

/** Callers without a key who ask while another one of this process is under way share its answer. */
export type UnderWay = Map<string, Promise<Answer<Purchase>>>

/**
 * Refused with `cart_empty` or `insufficient_stock`, the cart as it was; with `unavailable` where loms did not answer:
 * the outcome is found out by the next call or by the settling of what is overdue.
 */
export async function checkout(
  deps: Deps & { readonly underWay: UnderWay },
  call: Call,
  { userId }: { readonly userId: UserId },
): Promise<Answer<Purchase>> {
  // What a call with a key is told may be an earlier answer, so it neither shares nor joins: it finds the open checkout.
  if (call.idempotency !== undefined) return await drive(deps, call, userId)
  const key = `${call.tenantId} ${userId}`
  const first = deps.underWay.get(key)
  if (first !== undefined) return await first
  const running = drive(deps, call, userId)
  deps.underWay.set(key, running)
  try {
    return await running
  } finally {
    deps.underWay.delete(key)
  }
}

async function drive(deps: Deps, call: Call, userId: UserId): Promise<Answer<Purchase>> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const begun = await begin(deps, call, userId)
    if (begun.kind === 'answered') return begun.answer
    const outcome = await place(deps, call, begun.checkout)
    if (outcome === undefined) return fail('unavailable')
    const answer = await endWith(deps, begun.checkout, outcome, call)
    // An old checkout that came to nothing does not stand in the way of a new one.
    if (begun.joined && outcome.state === 'abandoned') continue
    return answer
  }
  return fail('in_progress')
}

async function begin(deps: Deps, call: Call, userId: UserId): Promise<Begun> {
  const { tenantId, idempotency } = call
  const now = deps.now()
  const id = deps.newId('checkout')
  return await deps.store.write(async (tx): Promise<Begun> => {
    // Whoever ends a checkout holds the cart too: what is read from here on belongs together.
    const lines = await lockLines(tx, { tenantId, userId })
    const claim = await claimKey(tx, call, now)
    const [open] = await openCheckoutOf(tx, { tenantId, userId })
    if (!claim.claimed) {
      const unfinished = !claim.answer.ok && claim.answer.error.code === 'in_progress'
      const ours = open !== undefined && open.key === idempotency?.key && open.keyScope === idempotency?.scope
      if (unfinished && ours) return { kind: 'open', checkout: open, joined: true }
      return { kind: 'answered', answer: claim.answer }
    }
    if (open !== undefined) {
      // Its end answers our key too; until then the key is not ours to hold.
      await releaseKey(tx, call)
      return { kind: 'open', checkout: open, joined: true }
    }
    if (lines.length === 0) {
      const answer = fail('cart_empty')
      await storeAnswer(tx, call, answer)
      return { kind: 'answered', answer }
    }
    const [checkout] = await insertCheckout(tx, {
      tenantId,
      id,
      userId,
      lines,
      notAfter: plusMs(now, deps.checkoutWindowMs),
      keyScope: idempotency?.scope ?? null,
      key: idempotency?.key ?? null,
      createdAt: now,
    })
    if (checkout !== undefined) return { kind: 'open', checkout, joined: false }
    // Another process was faster, and its row is there to be read now.
    await releaseKey(tx, call)
    const [theirs] = await openCheckoutOf(tx, { tenantId, userId })
    if (theirs === undefined) return { kind: 'answered', answer: fail('in_progress') }
    return { kind: 'open', checkout: theirs, joined: true }
  })
}

/** Undefined where nobody knows what became of it. */
async function place(deps: Deps, call: Call, checkout: Checkout): Promise<Ended | undefined> {
  const placed = await deps.rpc.ask(PlaceCheckout, call, {
    checkout_id: checkout.id,
    user_id: int64ToJson(checkout.userId),
    items: checkout.lines.map(({ sku, quantity }) => ({ sku, count: quantity })),
    not_after: toRfc3339(checkout.notAfter),
  })
  return endOf(placed)
}

function endOf(placed: Result<{ order_id: number | string }>): Ended | undefined {
  if (placed.ok) {
    const orderId = orderIdOf(placed.value.order_id)
    return { state: 'placed', orderId, answer: ok({ orderId }) }
  }
  switch (placed.error.code) {
    case 'insufficient_stock':
    case 'total_out_of_range':
      return { state: 'refused', answer: placed }
    case 'checkout_expired':
      return { state: 'abandoned', answer: fail('unavailable') }
    default:
      return undefined
  }
}
