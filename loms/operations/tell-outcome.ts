//! The step that placing a checkout and settling one share: what became of it, the same whoever asks and however often.
import type { DomainError, Failure } from '../../contracts/errors.ts'
import type { CheckoutId, OrderId, TenantId } from '../../contracts/ids.ts'
import type { OrderView } from '../../contracts/order-view.ts'
import { type Order, rejected } from '../domain/order.ts'
import { outcomeOf, putToldOpen } from '../store/catalog.ts'
import { detailsOf } from '../store/details.ts'
import { lockOrder } from '../store/orders.ts'
import type { Tx } from '../store/schema.ts'
import { orderView } from '../views.ts'
import { walletMethod } from './leave-saga.ts'

/** `isOpen`: it is to be paid from the wallet, and is not paid. */
export type CheckoutOrder = {
  readonly orderId: OrderId
  readonly order?: OrderView
  readonly isOpen?: boolean
}

export type CheckoutOutcome =
  | { readonly kind: 'placed'; readonly value: CheckoutOrder }
  /** There is an order, and it was not to be had. */
  | { readonly kind: 'failed'; readonly refusal: Failure }
  /** There is no order, and never will be. */
  | { readonly kind: 'none'; readonly error: DomainError | undefined }

export type AskedOutcome = {
  readonly tenantId: TenantId
  readonly checkoutId: CheckoutId
  /** Whether the order comes along as the resources show it. */
  readonly show: boolean
}

/**
 * An order whose saga is undecided is told as placed, which is written down: it stays so whatever becomes of the saga,
 * because cart has let go of the lines. Runs inside the caller's transaction.
 */
export async function tellOutcome(
  tx: Tx,
  { tenantId, checkoutId, show }: AskedOutcome,
): Promise<CheckoutOutcome> {
  const key = { tenantId, checkoutId }
  const [outcome] = await outcomeOf(tx, key)
  if (outcome?.orderId == null) return { kind: 'none', error: outcome?.refusal ?? undefined }
  const order = await lockOrder(tx, tenantId, outcome.orderId)
  if (order === undefined) throw new Error(`order ${outcome.orderId} of ${checkoutId} is gone`)
  const isByWallet = order.paymentMethod === walletMethod
  // Read under the lock of the order: whoever told it before us held that too.
  const wasToldOpen = isByWallet && (await outcomeOf(tx, key))[0]?.toldOpen === true
  if (order.status === 'failed' && !wasToldOpen) return { kind: 'failed', refusal: rejected(order) }
  if (order.status === 'pending' && isByWallet && !wasToldOpen) await putToldOpen(tx, key)
  const details = show ? await detailsOf(tx, tenantId, [order.id]) : undefined
  return {
    kind: 'placed',
    value: {
      orderId: order.id,
      ...(show && { order: orderView(order, details?.get(order.id)) }),
      ...(isByWallet && !isPaid(order) && { isOpen: true }),
    },
  }
}

function isPaid({ status }: Order): boolean {
  switch (status) {
    case 'confirmed':
    case 'processing':
    case 'shipped':
    case 'delivered':
      return true
    case 'pending':
    case 'failed':
    case 'cancelled':
    case 'refunded':
      return false
  }
}
