//! One suite for both engines: orders, stock and the rest as rows, and what the tables themselves refuse.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { sql } from 'drizzle-orm'
import {
  type CheckoutId,
  defaultTenant,
  newId,
  type OrderId,
  type ProductId,
  type Sku,
  type TenantId,
  type UserId,
  type WarehouseId,
} from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { int64Max, uint16Max, uint32Max } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { cancel, type Order, pay } from '../domain/order.ts'
import { type Loms, lomsInMemory } from '../fixture.ts'
import { claimCheckout, outcomeOf, productsOf, putOutcome, putProduct, putWarehouse } from './catalog.ts'
import {
  dueOrders,
  lockOrder,
  type NewOrder,
  nearestDeadline,
  orderOf,
  putNewOrder,
  putOrder,
} from './orders.ts'
import type { Tx } from './schema.ts'
import { endAll, lockStock, receive, reserve, stockOf } from './stock.ts'

const at = 1_700_000_000_000 as Instant
const sku = (number: number) => number as Sku
const warehouse = (number: number) => BigInt(number) as WarehouseId

/** `url` names a database that nobody else uses. */
export function rowsSuite(engine: string, url: () => Promise<string>): void {
  describe(`rows on ${engine}`, () => {
    let loms: Loms
    // Every test has a tenant of its own, so that one database does for all.
    let tenants = 0
    const newTenant = () => {
      tenants += 1
      return `t${tenants}` as TenantId
    }
    beforeAll(async () => {
      loms = await lomsInMemory([], await url())
    })
    afterAll(() => loms.store.close())

    const write = <R>(body: (tx: Tx) => Promise<R>) => loms.store.write(body)
    const read = <R>(body: (tx: Tx) => Promise<R>) => loms.store.read(body)

    const placedWith = (tenantId: TenantId) => ({
      tenantId,
      userId: 7n as UserId,
      checkoutId: undefined,
      lines: [{ sku: sku(1), quantity: 2 }],
      currency: 'UAH' as const,
      paymentMethod: 'rpc',
      placedAt: at,
    })
    const pending = (tenantId: TenantId, own: Partial<NewOrder & { payBy: Instant }> = {}): NewOrder => ({
      ...placedWith(tenantId),
      payBy: plusMs(at, 600_000),
      ...own,
      status: 'pending',
    })

    describe('an order', () => {
      test('comes back as it was put, at the ends of every range, its lines by SKU', async () => {
        const tenantId = newTenant()
        const product = { id: 'prod_1' as ProductId, name: 'ґ'.repeat(500), price: money(uint32Max, 'UAH') }
        const lines = [
          { sku: sku(1), quantity: uint16Max },
          { sku: sku(uint32Max), quantity: 1, product },
        ]
        const checkoutId = 'chk_1' as CheckoutId
        const order = pending(tenantId, { userId: int64Max as UserId, checkoutId, lines: lines.toReversed() })
        const put = await write((tx) => putNewOrder(tx, order))
        expect(put).toMatchObject({ version: 1, updatedAt: at })
        expect(await read((tx) => orderOf(tx, tenantId, put.id))).toEqual({ ...put, lines })
        expect(await write((tx) => lockOrder(tx, tenantId, put.id))).toEqual({ ...put, lines })
      })

      test('that failed keeps why, and its shortages', async () => {
        const tenantId = newTenant()
        const shortages = [{ sku: sku(1), wanted: 6_553_500, available: 0 }]
        const put = await write((tx) =>
          putNewOrder(tx, {
            ...placedWith(tenantId),
            status: 'failed',
            reason: 'insufficient_stock',
            shortages,
          }),
        )
        expect(await read((tx) => orderOf(tx, tenantId, put.id))).toEqual(put)
        expect(put).toMatchObject({ status: 'failed', reason: 'insufficient_stock', shortages })
      })

      test('has a number that no other order has, of whatever tenant, and is not seen by another', async () => {
        const [ours, theirs] = [newTenant(), newTenant()]
        const first = await write((tx) => putNewOrder(tx, pending(ours)))
        const second = await write((tx) => putNewOrder(tx, pending(theirs)))
        expect(second.id > first.id).toBe(true)
        expect(await read((tx) => orderOf(tx, theirs, first.id))).toBeUndefined()
        expect(await read((tx) => orderOf(tx, ours, second.id))).toBeUndefined()
      })

      test('takes its next state over the version that it was decided from, and over no other', async () => {
        const tenantId = newTenant()
        const put = await write((tx) => putNewOrder(tx, pending(tenantId)))
        const [paid, cancelled] = [
          pay(put, plusMs(at, 1)).change?.order as Order,
          cancel(put, 'admin', plusMs(at, 2)).change?.order as Order,
        ]
        await write((tx) => putOrder(tx, paid))
        expect(await read((tx) => orderOf(tx, tenantId, put.id))).toEqual(paid)
        expect(write((tx) => putOrder(tx, cancelled))).rejects.toThrow('not at version 1 any more')
        expect(write((tx) => putOrder(tx, paid))).rejects.toThrow('not at version 1 any more')
        const another = await write((tx) => putNewOrder(tx, pending(tenantId)))
        const called = cancel(another, 'admin', plusMs(at, 2)).change?.order as Order
        await write((tx) => putOrder(tx, called))
        expect(await read((tx) => orderOf(tx, tenantId, another.id))).toEqual(called)
      })

      for (const status of ['processing', 'shipped', 'delivered', 'refunded'] as const) {
        test(`that is ${status} comes back with its moment of payment, and with which payment it took`, async () => {
          const tenantId = newTenant()
          const { id } = await write((tx) => putNewOrder(tx, pending(tenantId)))
          const paid = { paidAt: at, paymentId: newId('payment') }
          const later: Order = { ...placedWith(tenantId), id, version: 2, updatedAt: at, status, ...paid }
          await write((tx) => putOrder(tx, later))
          expect(await read((tx) => orderOf(tx, tenantId, id))).toEqual(later)
        })
      }

      test('is due from its deadline on while it waits, the oldest first', async () => {
        const tenantId = newTenant()
        // Long before the deadlines of all other tests, which share the clock's view over all tenants.
        const deadlines = [30, 10, 20].map((ms) => ms as Instant)
        const put = await Promise.all(
          deadlines.map((payBy) => write((tx) => putNewOrder(tx, pending(tenantId, { payBy })))),
        )
        const ids = put.map(({ id }) => id)
        const due = (now: number, limit: number) => read((tx) => dueOrders(tx, now as Instant, limit))
        expect(await read((tx) => nearestDeadline(tx))).toBe(10 as Instant)
        expect(await due(9, 10)).toEqual([])
        expect(await due(20, 10)).toEqual([ids[1], ids[2]].map((id) => ({ tenantId, id: id as OrderId })))
        expect(await due(1000, 1)).toEqual([{ tenantId, id: ids[1] as OrderId }])
        for (const order of put) {
          const { change } = cancel(order, 'expired', at)
          await write((tx) => putOrder(tx, change?.order as Order))
        }
        expect(await due(1000, 10)).toEqual([])
      })
    })

    describe('stock', () => {
      async function stocked(
        ...pieces: readonly (readonly [sku: number, warehouse: number, onHand: number])[]
      ) {
        const tenantId = newTenant()
        await write(async (tx) => {
          for (const [sku, id, quantity] of pieces) {
            await putWarehouse(tx, { tenantId, id: warehouse(id), name: `Warehouse ${id}` })
            const place = { tenantId, sku: sku as Sku, warehouseId: warehouse(id), quantity }
            await receive(tx, place, { kind: 'initial', reason: null, moment: at })
          }
        })
        const order = await write((tx) => putNewOrder(tx, pending(tenantId)))
        return { tenantId, order }
      }
      const shown = async (tenantId: TenantId, of = 1) =>
        (await read((tx) => stockOf(tx, tenantId, sku(of)))).map((row) => [
          Number(row.warehouseId),
          row.onHand,
          row.reserved,
        ])
      const take = (warehouseId: number, quantity: number, of = 1) => ({
        sku: sku(of),
        warehouseId: warehouse(warehouseId),
        quantity,
      })

      test('of a SKU is by warehouse, of several it is by SKU and warehouse, and of none there is none', async () => {
        const { tenantId } = await stocked([2, 2, 5], [1, 10, 3], [1, 9, 0], [3, 1, 7])
        expect(await shown(tenantId)).toEqual([
          [9, 0, 0],
          [10, 3, 0],
        ])
        const several = await write((tx) => lockStock(tx, tenantId, [sku(2), sku(1), sku(99)]))
        expect(several.map((row) => [row.sku, Number(row.warehouseId)] as [number, number])).toEqual([
          [1, 9],
          [1, 10],
          [2, 2],
        ])
        expect(await shown(newTenant())).toEqual([])
      })

      test('adds up when goods come in again', async () => {
        const { tenantId } = await stocked([1, 1, 5], [1, 1, 2], [1, 1, 0])
        expect(await shown(tenantId)).toEqual([[1, 7, 0]])
      })

      for (const [ending, left] of [
        ['released', [5, 5]],
        ['expired', [5, 5]],
        ['committed', [2, 4]],
      ] as const) {
        test(`that an order holds is ${ending} exactly once`, async () => {
          const { tenantId, order } = await stocked([1, 1, 5], [1, 2, 5])
          const held = [take(1, 3), take(2, 1)]
          await write((tx) => reserve(tx, order, held, at))
          expect(await shown(tenantId)).toEqual([
            [1, 5, 3],
            [2, 5, 1],
          ])
          expect(await write((tx) => endAll(tx, order, ending, at))).toEqual(held)
          expect(await write((tx) => endAll(tx, order, 'released', at))).toEqual([])
          expect(await shown(tenantId)).toEqual([
            [1, left[0], 0],
            [2, left[1], 0],
          ])
        })
      }

      test('is never promised beyond what is there, and nothing of the order is', async () => {
        const { tenantId, order } = await stocked([1, 1, 5], [1, 2, 5])
        const tooMuch = write((tx) => reserve(tx, order, [take(1, 5), take(2, 6)], at))
        expect(tooMuch).rejects.toThrow('changed while it was locked')
        await tooMuch.catch(() => undefined)
        expect(await shown(tenantId)).toEqual([
          [1, 5, 0],
          [2, 5, 0],
        ])
      })

      test('is guarded by the tables as well', async () => {
        const { tenantId, order } = await stocked([1, 1, 5])
        const { stock, reservations, orders } = { ...(await read(async (tx) => tx.tables)) }
        const wrong: ((tx: Tx) => PromiseLike<unknown>)[] = [
          (tx) => tx.db.update(stock).set({ reserved: 6 }),
          (tx) => tx.db.update(stock).set({ reserved: -1 }),
          (tx) => tx.db.update(stock).set({ onHand: -1 }),
          (tx) => tx.db.insert(stock).values({ tenantId, ...take(2, 1), onHand: 1, reserved: 0 }),
          (tx) => tx.db.update(orders).set({ status: 'confirmed' }),
          (tx) => tx.db.update(orders).set({ status: 'lost' as never }),
          (tx) => tx.db.update(orders).set({ payBy: sql`null` }),
          (tx) =>
            tx.db.insert(reservations).values({ tenantId, orderId: order.id, ...take(1, 0), state: 'open' }),
        ]
        for (const statement of wrong) {
          const refused = await write(async (tx) => await statement(tx)).then(
            () => 'taken',
            () => 'refused',
          )
          expect(refused).toBe('refused')
        }
        expect(await shown(tenantId)).toEqual([[1, 5, 0]])
      })
    })

    test('a checkout is claimed once, and its outcome is kept', async () => {
      const checkout = { tenantId: newTenant(), checkoutId: 'chk_a' as CheckoutId }
      const orderId = int64Max as OrderId
      const claims = await Promise.all([1, 2, 3].map(() => write((tx) => claimCheckout(tx, checkout))))
      expect(claims.flat()).toEqual([{ checkoutId: checkout.checkoutId }])
      expect(await read((tx) => outcomeOf(tx, checkout))).toEqual([
        { orderId: null, refusal: null, toldOpen: null },
      ])
      await write((tx) => putOutcome(tx, { ...checkout, orderId }))
      expect(await read((tx) => outcomeOf(tx, checkout))).toEqual([
        { orderId, refusal: null, toldOpen: null },
      ])
      expect(await read((tx) => outcomeOf(tx, { ...checkout, tenantId: newTenant() }))).toEqual([])
    })

    test('the copy of a product is replaced by newer versions only', async () => {
      const tenantId = newTenant()
      const product = {
        tenantId,
        sku: sku(uint32Max),
        productId: 'prod_1' as ProductId,
        name: 'one',
        price: uint32Max,
        currency: 'UAH' as const,
        weightGrams: 0,
        withdrawn: true,
        version: 2,
      }
      await write((tx) => putProduct(tx, product))
      await write((tx) => putProduct(tx, { ...product, version: 1, name: 'old' }))
      await write((tx) => putProduct(tx, { ...product, version: 2, name: 'same' }))
      const known = () => read((tx) => productsOf(tx, tenantId, [sku(1), sku(uint32Max)]))
      expect(await known()).toEqual([product])
      const newer = { ...product, version: 3, name: 'three', withdrawn: false }
      await write((tx) => putProduct(tx, newer))
      expect(await known()).toEqual([newer])
      expect(await read((tx) => productsOf(tx, defaultTenant, [sku(uint32Max)]))).toEqual([])
    })
  })
}
