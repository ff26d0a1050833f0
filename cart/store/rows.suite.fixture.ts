//! One suite for both engines: cart lines and checkouts as rows, and what the tables themselves refuse.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { CheckoutId, LineId, OrderId, Sku, TenantId, UserId } from '../../contracts/ids.ts'
import { int64Max, uint16Max, uint32Max } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { openCart } from '../fixture.ts'
import { dropLine, dropLines, linesOf, lockLines, type Owner, putLine } from './carts.ts'
import { endCheckout, insertCheckout, openCheckoutOf, overdueCheckouts } from './checkouts.ts'
import type { CartStore, Tx } from './schema.ts'

const at = 1_700_000_000_000 as Instant
const line = (sku: number, quantity: number, price = 1, id: LineId | null = 'lin_1') => ({
  id,
  sku: sku as Sku,
  quantity,
  price,
})
const options = { delivery: { method: 'pickup' }, paymentMethod: 'wallet', expectedTotal: 100 }

/** `url` names a database that nobody else uses. */
export function rowsSuite(engine: string, url: () => Promise<string>): void {
  describe(`rows on ${engine}`, () => {
    let store: CartStore
    beforeAll(async () => {
      store = await openCart(await url())
    })
    afterAll(() => store.close())
    // Every test has a tenant of its own, so that one database does for all.
    let tenants = 0
    const newOwner = (userId = 7n): Owner => {
      tenants += 1
      return { tenantId: `t${tenants}` as TenantId, userId: userId as UserId }
    }
    const write = <R>(body: (tx: Tx) => Promise<R>) => store.write(body)
    const read = <R>(body: (tx: Tx) => Promise<R>) => store.read(body)

    describe('cart lines', () => {
      const put = (owner: Owner, ...lines: ReturnType<typeof line>[]) =>
        write(async (tx) => {
          for (const line of lines) await putLine(tx, { ...owner, ...line, addedAt: at })
        })

      test('come back by SKU as they were put, at the ends of every range', async () => {
        const owner = newOwner(int64Max)
        const lines = [line(1, 1, 0), line(2, uint16Max, uint32Max, null), line(uint32Max, 5)]
        await put(owner, ...lines.toReversed())
        expect(await read((tx) => linesOf(tx, owner))).toEqual(lines)
        expect(await write((tx) => lockLines(tx, owner))).toEqual(lines)
      })

      test('are written over, dropped one by one and all at once, each user’s and tenant’s for itself', async () => {
        const owner = newOwner()
        const others = [{ ...owner, userId: 8n as UserId }, newOwner()]
        for (const each of [owner, ...others]) await put(each, line(1, 1), line(2, 2), line(3, 3))
        await put(owner, line(1, 9, 5))
        await write((tx) => dropLine(tx, { ...owner, sku: 2 as Sku }))
        await write((tx) => dropLine(tx, { ...owner, sku: 99 as Sku }))
        expect(await read((tx) => linesOf(tx, owner))).toEqual([line(1, 9, 5), line(3, 3)])
        await write((tx) => dropLines(tx, owner))
        expect(await read((tx) => linesOf(tx, owner))).toEqual([])
        for (const other of others) expect(await read((tx) => linesOf(tx, other))).toHaveLength(3)
      })

      test('hold 1 to 65,535 pieces, say the tables too', async () => {
        const owner = newOwner()
        for (const quantity of [0, -1, uint16Max + 1]) {
          const refused = await put(owner, line(1, quantity)).then(
            () => 'taken',
            () => 'refused',
          )
          expect(refused).toBe('refused')
        }
      })
    })

    describe('a checkout', () => {
      type Own = { notAfter?: Instant; key?: string; options?: typeof options }
      const begin = (owner: Owner, id: string, own: Own = {}) =>
        write((tx) =>
          insertCheckout(tx, {
            ...owner,
            id: `chk_${id}` as CheckoutId,
            lines: [line(1, 2, 3)],
            options: own.options ?? null,
            notAfter: own.notAfter ?? plusMs(at, 5000),
            keyScope: own.key === undefined ? null : 'caller POST /cart/checkout',
            key: own.key ?? null,
            createdAt: at,
          }),
        )
      const end = ({ tenantId }: Owner, id: string, orderId: bigint | null = null) =>
        write((tx) =>
          endCheckout(tx, {
            tenantId,
            id: `chk_${id}` as CheckoutId,
            state: orderId === null ? 'abandoned' : 'placed',
            orderId: orderId as OrderId | null,
            endedAt: plusMs(at, 1),
          }),
        )

      test('comes back with its snapshot, and is the user’s open one until it ends', async () => {
        const owner = newOwner(int64Max)
        const [begun] = await begin(owner, 'a', { key: 'k', options })
        expect(begun).toEqual({
          ...owner,
          id: 'chk_a',
          state: 'open',
          lines: [line(1, 2, 3)],
          options,
          notAfter: plusMs(at, 5000),
          orderId: null,
          keyScope: 'caller POST /cart/checkout',
          key: 'k',
          createdAt: at,
          endedAt: null,
        })
        const open = () => read((tx) => openCheckoutOf(tx, owner))
        expect(await open()).toEqual([begun as NonNullable<typeof begun>])
        expect(await read((tx) => openCheckoutOf(tx, { ...owner, userId: 1n as UserId }))).toEqual([])
        expect(await end(owner, 'a', int64Max)).toEqual([{ id: 'chk_a' }])
        expect(await open()).toEqual([])
      })

      test('is one open a user: a second is not begun before the first has ended', async () => {
        const owner = newOwner()
        const begun = await Promise.all(['a', 'b', 'c'].map((id) => begin(owner, id)))
        expect(begun.flat()).toHaveLength(1)
        const [open] = begun.flat()
        await end(owner, open?.id.slice('chk_'.length) ?? '')
        expect(await begin(owner, 'd')).toHaveLength(1)
        expect(await begin({ ...owner, userId: 8n as UserId }, 'e')).toHaveLength(1)
      })

      test('ends once, whoever else tries', async () => {
        const owner = newOwner()
        await begin(owner, 'a')
        const ends = await Promise.all([1n, null, 2n].map((orderId) => end(owner, 'a', orderId)))
        expect(ends.flat()).toHaveLength(1)
        expect(await end(owner, 'a', 3n)).toEqual([])
        expect(await end(newOwner(), 'a', 3n)).toEqual([])
      })

      test('is placed with its order or not at all', async () => {
        const owner = newOwner()
        await begin(owner, 'a')
        const placed = write((tx) =>
          endCheckout(tx, {
            tenantId: owner.tenantId,
            id: 'chk_a',
            state: 'placed',
            orderId: null,
            endedAt: at,
          }),
        )
        expect(await placed.then(Boolean, () => 'refused')).toBe('refused')
        expect(await read((tx) => openCheckoutOf(tx, owner))).toHaveLength(1)
      })

      test('is overdue from its not_after on while it is open, the oldest first', async () => {
        // Long before all other tests’, which share the clock’s view over all tenants.
        const owners = [30, 10, 20].map((ms) => ({ owner: newOwner(), notAfter: ms as Instant }))
        for (const { owner, notAfter } of owners) await begin(owner, `d${notAfter}`, { notAfter })
        const overdue = async (now: number, limit: number) =>
          (await read((tx) => overdueCheckouts(tx, { now: now as Instant, limit }))).map(
            ({ id }) => id as string,
          )
        expect(await overdue(9, 10)).toEqual([])
        expect(await overdue(20, 10)).toEqual(['chk_d10', 'chk_d20'])
        expect(await overdue(1000, 1)).toEqual(['chk_d10'])
        for (const { owner, notAfter } of owners) await end(owner, `d${notAfter}`)
        expect(await overdue(1000, 10)).toEqual([])
      })
    })
  })
}
