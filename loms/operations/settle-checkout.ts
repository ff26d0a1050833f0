//! Cart's question `SettleCheckout`: what became of a checkout that may have died on its way.
import type { CheckoutId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { claimCheckout } from '../store/catalog.ts'
import { type CheckoutOutcome, tellOutcome } from './tell-outcome.ts'

export type SettleCheckout = { readonly checkoutId: CheckoutId; readonly show?: boolean }

/** Where there is no outcome yet, it is written down that there will be none: no order is ever made of it after this. */
export async function settleCheckout(
  deps: Pick<Deps, 'store'>,
  call: Call,
  { checkoutId, show = false }: SettleCheckout,
): Promise<CheckoutOutcome> {
  const { tenantId } = call
  return await deps.store.write(async (tx) => {
    await claimCheckout(tx, { tenantId, checkoutId })
    return await tellOutcome(tx, { tenantId, checkoutId, show })
  })
}
