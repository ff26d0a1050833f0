//! Money that comes after the deadline is taken: the reservation that has expired is committed all the same.
import { and, eq, sql } from 'drizzle-orm'
import { ok } from '../../../contracts/errors.ts'
import type { OrderId } from '../../../contracts/ids.ts'
import { doors } from '../clients.ts'
import type { Planted } from './planted.ts'

export const commitExpired: Planted = {
  doors: {
    async pay(deps, call, request) {
      const answer = await doors.pay(deps, call, request)
      if (answer.ok || answer.error.code !== 'order_not_payable') return answer
      return await deps.store.write(async ({ db, tables: { reservations, stock } }) => {
        const late = and(
          eq(reservations.orderId, BigInt(request.order) as OrderId),
          eq(reservations.state, 'expired'),
        )
        const sold = await db.update(reservations).set({ state: 'committed' }).where(late).returning()
        for (const { sku, warehouseId, quantity } of sold)
          await db
            .update(stock)
            .set({ onHand: sql`${stock.onHand} - ${quantity}` })
            .where(and(eq(stock.sku, sku), eq(stock.warehouseId, warehouseId)))
        return sold.length === 0 ? answer : ok(undefined)
      })
    },
  },
}
