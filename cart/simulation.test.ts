//! Seeded random sequences on the real operations and store, with a loms that refuses, loses and dies; then it is healed.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Sku, UserId } from '../contracts/ids.ts'
import { keyLifetimeMs } from '../runtime/idempotency.ts'
import { AskerDied, type Fate } from '../tests/harness/stand-in.ts'
import { type Cart, callOf, checkoutWindowMs, startCart } from './fixture.ts'
import { addItem } from './operations/add-item.ts'
import { checkout } from './operations/checkout.ts'
import { clearCart } from './operations/clear-cart.ts'
import { deleteItem } from './operations/delete-item.ts'

const users = [1, 2]
const skus = [1, 2]
const anyUser = fc.constantFrom(...users)
const anySku = fc.constantFrom(...skus)
const anyCount = fc.integer({ min: 1, max: 4 })
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('add' as const), user: anyUser, sku: anySku, count: anyCount }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('checkout' as const),
      user: anyUser,
      key: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      options: fc.constantFrom(undefined, undefined, 'wallet' as const, 'liqpay' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.integer({ min: 1, max: checkoutWindowMs * 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restock' as const), sku: anySku, count: anyCount }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('billing' as const), answers: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('top up' as const), user: anyUser }) },
)
// Alone in its round, and only while no checkout of the user is open: what is ordered by then is another question.
const removal = fc.oneof(
  fc.record({
    do: fc.constant('delete' as const),
    user: anyUser,
    sku: anySku,
    count: fc.option(anyCount, { nil: undefined }),
  }),
  fc.record({ do: fc.constant('clear' as const), user: anyUser }),
)
type Command = typeof command | typeof removal extends infer A
  ? A extends fc.Arbitrary<infer C>
    ? C
    : never
  : never

const anyRounds = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.array(command, { minLength: 1, maxLength: 5 }) },
    { weight: 1, arbitrary: removal.map((step): Command[] => [step]) },
  ),
  { minLength: 1, maxLength: 15 },
)
const anyFates = fc.array(
  fc.constantFrom<Fate>(
    'answered',
    'answered',
    'answered',
    'away',
    'question lost',
    'answer lost',
    'asker dies before',
    'asker dies after',
  ),
  { minLength: 1, maxLength: 12 },
)

/** What a test remembers of what it asked: pieces that went in and out by hand, and what each key was told. */
class History {
  readonly cart: Cart
  readonly #moved = new Map<string, number>()
  readonly told = new Map<string, bigint>()

  constructor(cart: Cart) {
    this.cart = cart
  }

  move(user: number, sku: number, count: number): void {
    const place = `${user} ${sku}`
    this.#moved.set(place, (this.#moved.get(place) ?? 0) + count)
  }

  async run(step: Command): Promise<void> {
    const { cart } = this
    const call = callOf(cart)
    switch (step.do) {
      case 'add': {
        const { user, sku, count } = step
        const request = { userId: BigInt(user) as UserId, sku: sku as Sku, quantity: count }
        if ((await addItem(cart.deps, call, request)).ok) this.move(user, sku, count)
        return
      }
      case 'delete':
      case 'clear':
        return await this.remove(step.user, 'sku' in step ? step : undefined)
      case 'checkout':
        return await this.checkout(step.user, step.key, step.options)
      case 'settle':
        await cart.settle()
        return
      case 'pass':
        return cart.others.pass(step.ms)
      case 'billing':
        if (step.answers) cart.others.decide()
        else cart.others.billingAnswers = false
        return
      case 'top up':
        cart.others.wallets.set(`${step.user}`, 60)
        return
      case 'restock':
        cart.others.stock.set(step.sku, (cart.others.stock.get(step.sku) ?? 0) + step.count)
        return
    }
  }

  async remove(user: number, only: { sku: number; count: number | undefined } | undefined): Promise<void> {
    const { cart } = this
    const userId = BigInt(user) as UserId
    if ((await cart.checkouts()).some((row) => row.userId === userId && row.state === 'open')) return
    const call = callOf(cart)
    const before = await cart.lines(user)
    if (only === undefined) await clearCart(cart.deps, call, { userId })
    else {
      const { sku, count } = only
      await deleteItem(cart.deps, call, {
        userId,
        sku: sku as Sku,
        ...(count !== undefined && { quantity: count }),
      })
    }
    for (const [sku, had] of before) {
      if (only === undefined) this.move(user, sku, -had)
      else if (only.sku === sku) this.move(user, sku, -Math.min(had, only.count ?? had))
    }
  }

  async checkout(user: number, key: number | undefined, method?: 'wallet' | 'liqpay'): Promise<void> {
    const { cart } = this
    // The surfaces are different routes, so the same word is another key there; in other words it is refused.
    const name = `${user} ${key} ${method ?? ''}`
    const options = method && { delivery: { method: 'pickup' }, paymentMethod: method }
    const call = callOf(cart, key === undefined ? undefined : { key: name, fingerprint: String(user) })
    const request = { userId: BigInt(user) as UserId, ...(options && { options }) }
    const answer = await checkout(cart.deps, call, request).catch((error) => {
      if (error instanceof AskerDied) return undefined
      throw error
    })
    if (!answer?.ok) return
    const { orderId, order } = answer.value
    if (options !== undefined) expect(order?.id).toBe(String(orderId))
    // Whoever is told of an order is told of one that is there, and theirs.
    expect(cart.others.placed.find(({ id }) => id === orderId)?.userId).toBe(BigInt(user))
    if (key === undefined) return
    expect(orderId as bigint).toBe(this.told.get(name) ?? orderId)
    this.told.set(name, orderId)
  }

  /** What holds at every moment; and when nothing is open any more, that orders and checkouts are the same. */
  async checkLaws({ healed }: { healed: boolean }): Promise<void> {
    const { cart } = this
    const rows = await cart.checkouts()
    const placed = rows.filter(({ state }) => state === 'placed')
    for (const user of users) {
      const open = rows.filter((row) => row.userId === BigInt(user) && row.state === 'open')
      expect(open.length).toBeLessThanOrEqual(healed ? 0 : 1)
    }
    for (const { id, orderId, userId, lines, options } of placed) {
      const orders = cart.others.orders.filter(({ checkoutId }) => checkoutId === id)
      const items = lines.map(({ sku, quantity }) => ({ sku, count: quantity }))
      expect(orders).toMatchObject([{ id: orderId as bigint, checkoutId: id, userId, items, failed: false }])
      expect(orders[0]?.options?.payment_method).toBe(options?.paymentMethod)
    }
    if (healed) expect(placed).toHaveLength(cart.others.kept.length)
    // Every piece that went in and was not taken out by hand is in the cart, or left it once, in a placed checkout.
    for (const user of users) {
      const inCart = new Map(await cart.lines(user))
      for (const sku of skus) {
        const bought = placed
          .filter(({ userId }) => userId === BigInt(user))
          .flatMap(({ lines }) => lines.filter((line) => (line.sku as number) === sku))
          .reduce((sum, { quantity }) => sum + quantity, 0)
        expect((inCart.get(sku) ?? 0) + bought).toBe(this.#moved.get(`${user} ${sku}`) ?? 0)
      }
    }
  }
}

test('however loms behaves and whoever dies: one order a checkout, every piece bought once, and nothing stays open', async () => {
  await fc.assert(
    fc.asyncProperty(anyRounds, anyFates, async (rounds, fates) => {
      const cart = await startCart()
      const { others } = cart
      others.offer([1, 10, 12], [2, 20, 6])
      let questions = 0
      others.fateOf = (method) => {
        if (method !== 'PlaceCheckout' && method !== 'SettleCheckout') return 'answered'
        questions += 1
        const fate = fates[questions % fates.length] as Fate
        // The clock's work is not in anybody's hands: if it dies, it was as if it had heard nothing.
        return method === 'SettleCheckout' && fate.startsWith('asker') ? 'answer lost' : fate
      }
      const history = new History(cart)
      for (const steps of rounds) {
        // The commands of a round are asked at once and share a batch.
        await Promise.all(steps.map((step) => history.run(step)))
        await history.checkLaws({ healed: false })
      }

      others.fateOf = () => 'answered'
      others.decide()
      others.pass(checkoutWindowMs)
      while ((await cart.settle()) > 0);
      await history.checkLaws({ healed: true })
      const keys = await cart.store.read((tx) => tx.db.select().from(tx.tables.idempotencyKeys))
      expect(keys.filter(({ answer }) => answer === null)).toEqual([])
      // What a key was told once it is told again, and no order is made for it.
      const ordersBefore = others.orders.length
      for (const name of history.told.keys()) {
        const [user, key, method] = name.split(' ')
        await history.checkout(Number(user), Number(key), method === '' ? undefined : (method as 'wallet'))
      }
      expect(others.orders).toHaveLength(ordersBefore)
      expect(others.now()).toBeLessThan(1_700_000_000_000 + keyLifetimeMs)
      await cart.close()
    }),
    { numRuns: 150 },
  )
})
