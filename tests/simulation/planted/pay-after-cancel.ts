//! A payment wins over the cancellation that came before it.
import { and, eq } from 'drizzle-orm'
import { ok } from '../../../contracts/errors.ts'
import type { OrderId } from '../../../contracts/ids.ts'
import { doors } from '../clients.ts'
import type { Planted } from './planted.ts'

export const payAfterCancel: Planted = {
  doors: {
    async pay(deps, call, request) {
      const answer = await doors.pay(deps, call, request)
      if (answer.ok || answer.error.code !== 'order_not_payable') return answer
      return await deps.store.write(async ({ db, tables: { orders } }) => {
        const called = and(
          eq(orders.id, BigInt(request.order) as OrderId),
          eq(orders.cancelReason, 'customer'),
        )
        const paid = await db
          .update(orders)
          .set({ status: 'confirmed', paidAt: deps.now() })
          .where(called)
          .returning()
        return paid.length === 0 ? answer : ok(undefined)
      })
    },
  },
}
