//! `cart/checkout` and `POST /api/v1/cart/checkout`: the cart becomes one order, however often it is asked at once and wherever it dies.
//!
//! Transaction 1 writes the checkout with a snapshot of the cart; loms is asked with the checkout's id, which becomes one
//! order at most; transaction 2 ends the checkout and takes the snapshot out of the cart. Whoever finds an open checkout,
//! a second caller or the same one after a crash, drives it to its end instead of beginning another.
import { fail } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import { PlaceCheckout, type CheckoutOptions as WireOptions } from '../../contracts/rpc/loms.ts'
import { int64ToJson } from '../../contracts/scalars.ts'
import { plusMs, toRfc3339 } from '../../contracts/time.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { claimKey, releaseKey, storeAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { CheckoutOptions } from '../domain/checkout-options.ts'
import { type Outcome, outcomeOf, type Purchase } from '../domain/outcome.ts'
import { lockLines } from '../store/carts.ts'
import { type Checkout, insertCheckout, openCheckoutOf } from '../store/checkouts.ts'
import { endWith } from './end-checkout.ts'

/** Without options it is asked by the RPC surface, which is told the order's number and nothing else of it. */
export type CheckOut = { readonly userId: UserId; readonly options?: CheckoutOptions }

/** Another process may begin a checkout again and again under our eyes; then the caller is told to come back. */
const attemptsMax = 3

type Begun =
  | { readonly kind: 'answered'; readonly answer: Answer<Purchase> }
  /** `joined`: somebody began it before us. */
  | { readonly kind: 'open'; readonly checkout: Checkout; readonly joined: boolean }

/** Callers without a key who ask the same while another one of this process is under way share its answer. */
export type UnderWay = Map<string, Promise<Answer<Purchase>>>

/**
 * Refused with `cart_empty`, and, the cart as it was, with what loms refuses: see `PlaceCheckout`. `unavailable` where
 * loms did not answer: the outcome is found out by the next call or by the settling of what is overdue.
 */
export async function checkout(
  deps: Deps & { readonly underWay: UnderWay },
  call: Call,
  request: CheckOut,
): Promise<Answer<Purchase>> {
  // What a call with a key is told may be an earlier answer, so it neither shares nor joins: it finds the open checkout.
  if (call.idempotency !== undefined) return await drive(deps, call, request)
  const key = `${call.tenantId} ${request.userId} ${JSON.stringify(request.options ?? null)}`
  const first = deps.underWay.get(key)
  if (first !== undefined) return await first
  const running = drive(deps, call, request)
  deps.underWay.set(key, running)
  try {
    return await running
  } finally {
    deps.underWay.delete(key)
  }
}

async function drive(deps: Deps, call: Call, request: CheckOut): Promise<Answer<Purchase>> {
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const begun = await begin(deps, call, request)
    if (begun.kind === 'answered') return begun.answer
    const { checkout, joined } = begun
    const outcome = await place(deps, call, request, checkout)
    if (outcome === undefined) return fail('unavailable')
    // A checkout of somebody else's that came to nothing does not stand in the way of a new one, and is no answer to it.
    const isOld = joined && !isAnswerTo(request, checkout, outcome)
    const answer = await endWith(deps, checkout, outcome, isOld ? undefined : call)
    if (!isOld) return answer
  }
  return fail('in_progress')
}

/** Whether who asks in these words would be told the same of a checkout of their own; an order is everybody's answer. */
function isAnswerTo({ options }: CheckOut, checkout: Checkout, { answer }: Outcome): boolean {
  if (answer.ok || answer.error.code === 'insufficient_stock') return true
  return answer.error.code !== 'unavailable' && Bun.deepEquals(options ?? null, checkout.options)
}

async function begin(deps: Deps, call: Call, { userId, options }: CheckOut): Promise<Begun> {
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
      options: options ?? null,
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
async function place(
  deps: Deps,
  call: Call,
  request: CheckOut,
  { id, userId, lines, options, notAfter }: Checkout,
): Promise<Outcome | undefined> {
  const show = options !== null || request.options !== undefined
  const placed = await deps.rpc.ask(PlaceCheckout, call, {
    checkout_id: id,
    user_id: int64ToJson(userId),
    items: lines.map(({ sku, quantity }) => ({ sku, count: quantity })),
    not_after: toRfc3339(notAfter),
    ...(options && { options: toWire(options) }),
    ...(show && { show }),
  })
  return outcomeOf(placed)
}

function toWire({ delivery, paymentMethod, expectedTotal }: CheckoutOptions): WireOptions {
  return {
    delivery,
    payment_method: paymentMethod,
    ...(expectedTotal !== undefined && { expected_total: expectedTotal }),
  }
}
