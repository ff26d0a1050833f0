//! What became of a checkout, as loms tells it, and what its caller is told. Pure.
import { type Failure, fail, isErrorCode, ok, type Result } from '../../contracts/errors.ts'
import type { OrderId } from '../../contracts/ids.ts'
import type { OrderView } from '../../contracts/order-view.ts'
import type { ReplyOf } from '../../contracts/rpc/define.ts'
import type { PlaceCheckout, SettleCheckout } from '../../contracts/rpc/loms.ts'
import { orderIdOf } from '../../contracts/scalars.ts'

/** `isOpen`: the order is to be paid from the wallet, and was not paid when loms was asked. */
export type Purchase = {
  readonly orderId: OrderId
  /** As the resources show it; for whoever asked by the resources. */
  readonly order?: OrderView
  readonly isOpen?: boolean
}

/** `refused`: there is an order, and it failed. `abandoned`: there is none, and there never will be. */
export type Outcome =
  | { readonly state: 'placed'; readonly orderId: OrderId; readonly answer: Result<Purchase> }
  | { readonly state: 'refused' | 'abandoned'; readonly answer: Failure }

/** Undefined where nobody knows what became of it. */
export function outcomeOf(placed: Result<ReplyOf<typeof PlaceCheckout>>): Outcome | undefined {
  return placed.ok ? placedAs(placed.value.order_id, placed.value) : refusedWith(placed)
}

/** The same, of a checkout whose time is over. */
export function settledAs(settled: Result<ReplyOf<typeof SettleCheckout>>): Outcome | undefined {
  if (!settled.ok) return undefined
  const { order_id, rejected, refusal } = settled.value
  if (order_id !== null) return placedAs(order_id, settled.value)
  const told =
    refusal !== undefined && isErrorCode(refusal.code) ? fail(refusal.code, refusal.details) : undefined
  if (rejected) return { state: 'refused', answer: told ?? fail('insufficient_stock') }
  return { state: 'abandoned', answer: told ?? fail('unavailable') }
}

type Shown = { readonly order?: OrderView; readonly is_open?: boolean }

function placedAs(id: number | string, { order, is_open: isOpen }: Shown): Outcome {
  const orderId = orderIdOf(id)
  const value = { orderId, ...(order && { order }), ...(isOpen !== undefined && { isOpen }) }
  return { state: 'placed', orderId, answer: ok(value) }
}

function refusedWith(refusal: Failure): Outcome | undefined {
  switch (refusal.error.code) {
    case 'insufficient_stock':
    case 'insufficient_funds':
    case 'delivery_refused':
      return { state: 'refused', answer: refusal }
    case 'total_out_of_range':
    case 'total_changed':
    case 'unknown_sku':
      return { state: 'abandoned', answer: refusal }
    case 'checkout_expired':
      return { state: 'abandoned', answer: fail('unavailable') }
    default:
      return undefined
  }
}
