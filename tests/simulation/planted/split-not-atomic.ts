//! An order out of two warehouses is reserved in two transactions, one for each.
import type { Planted } from './planted.ts'

/** The row of a reservation; that of a movement has a kind as well. */
const isReservation = (params: Readonly<Record<string, unknown>>) =>
  'orderId' in params && 'warehouseId' in params && !('kind' in params)

let reservedFor: unknown

export const splitNotAtomic: Planted = {
  async meddle({ params, run, split }) {
    if ('placedAt' in params) reservedFor = undefined
    else if (isReservation(params)) {
      if (reservedFor === params.orderId) split()
      reservedFor = params.orderId
    }
    return await run()
  },
}
