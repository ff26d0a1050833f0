//! Buyers who do not give up: each fills a cart, checks out once and perhaps pays or cancels, and asks again until answered.
import { expect } from 'bun:test'
import { demoProducts } from '../../tools/seed/shop.ts'
import type { Chance } from './chance.ts'
import type { CallOptions, Reply, Shop } from './shop.ts'

export type Buyer = {
  readonly user: number
  readonly items: readonly { readonly sku: number; readonly count: number }[]
  /** Half of them send an idempotency key with the checkout. */
  readonly key: string | undefined
  /** Asks twice at once, with another key. */
  readonly impatient: boolean
  readonly ending: 'pay' | 'cancel' | 'leave'
}

export type Bought = {
  readonly buyer: Buyer
  /** Undefined where the answer was lost and the cart was found empty: there is an order, and nobody has told which. */
  readonly orderId: number | undefined
  /** The one that was answered with the order. */
  readonly key: string | undefined
}

type Call = (body: unknown, options?: CallOptions) => Promise<Reply>

/** So much is there that no test sells out. */
export const skus = demoProducts
  .filter(({ stock }) => stock.reduce((sum, { onHand }) => sum + onHand, 0) > 1_000_000)
  .map(({ sku }) => sku)
  .sort((a, b) => a - b)
const patienceMs = 40_000
const askedAtOnce = 8

export function newBuyer(user: number, chance: Chance): Buyer {
  const first = chance.between(0, skus.length - 1)
  const items = skus
    .slice(first, first + chance.between(1, 2))
    .map((sku) => ({ sku, count: chance.between(1, 3) }))
  const key = chance.random() < 0.5 ? `checkout-${user}` : undefined
  const impatient = key !== undefined && chance.random() < 0.3
  return { user, items, key, impatient, ending: chance.pick(['pay', 'pay', 'cancel', 'leave']) }
}

export type Trade = {
  /** Resolves when so many more have bought. */
  more(count: number): Promise<void>
  /** Lets those finish who have begun, and as many as are missing to `least`; answers with all. */
  end(least: number): Promise<Bought[]>
}

/** Buyers come one after another, `parallel` at a time, until `end`. */
export function startTrade(shop: Shop, chance: Chance, { parallel = 10, firstUser = 1 } = {}): Trade {
  const bought: Bought[] = []
  let users = 0
  let least = Number.POSITIVE_INFINITY
  let listeners: { readonly at: number; readonly resolve: () => void }[] = []

  const oneAfterAnother = async () => {
    while (users < least) {
      users += 1
      bought.push(await buy(shop, newBuyer(firstUser + users - 1, chance), chance))
      for (const { at, resolve } of listeners) if (bought.length >= at) resolve()
      listeners = listeners.filter(({ at }) => bought.length < at)
    }
  }
  const running = Promise.all(Array.from({ length: parallel }, oneAfterAnother))
  return {
    more: async (count) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      listeners.push({ at: bought.length + count, resolve })
      // A buyer who was answered wrongly ends the test.
      await Promise.race([promise, running])
    },
    async end(wanted) {
      least = wanted
      await running
      return bought
    },
  }
}

export async function buy(shop: Shop, buyer: Buyer, chance: Chance): Promise<Bought> {
  const { user, items, ending } = buyer
  for (const { sku, count } of items)
    await insist(shop.add, { user, sku, count }, { chance, key: `add-${user}-${sku}` })
  const { orderId, key } = await checkOut(shop, buyer, chance)
  if (orderId !== undefined && ending !== 'leave') {
    const call = ending === 'pay' ? shop.pay : shop.cancel
    await insist(call, { orderID: orderId }, { chance, key: key && `${ending}-${user}` })
  }
  return { buyer, orderId, key }
}

async function checkOut(
  shop: Shop,
  { user, key, impatient }: Buyer,
  chance: Chance,
): Promise<Pick<Bought, 'orderId' | 'key'>> {
  const keys = impatient ? [key, `${key}-again`] : [key]
  const replies = await Promise.all(
    keys.map((each) => insist(shop.checkout, { user }, { chance, key: each, orEmpty: impatient })),
  )
  const answered = replies.flatMap(({ status, body }, index) =>
    status === 200 ? [{ orderId: Number(body.orderID), key: keys[index] }] : [],
  )
  const orders = new Set(answered.map(({ orderId }) => orderId))
  // Without a key, an answer that was lost is not told again: the cart is found empty.
  expect({ user, orders: orders.size }).toEqual({ user, orders: key === undefined ? orders.size : 1 })
  return answered[0] ?? { orderId: undefined, key }
}

/** Whoever asks once and never comes back, whatever the answer. */
export type PassingBy = {
  readonly user: number
  readonly sku: number
  /** Fills the cart. */
  come(): Promise<unknown>
  /** Checks out, once; undefined where no answer came. */
  ask(): Promise<Reply | undefined>
  /** One order at most; the one that was answered with, where one was. Answers how many there are. */
  expectServed(): Promise<number>
}

export function passingBy(shop: Shop, user: number, chance: Chance): PassingBy {
  let answered: number | undefined
  const [sku = 0] = skus
  return {
    user,
    sku,
    come: () => insist(shop.add, { user, sku, count: 1 }, { chance, key: `add-${user}` }),
    async ask() {
      const reply = await shop.checkout({ user }, { key: `once-${user}` }).catch(() => undefined)
      if (reply?.status === 200) answered = Number(reply.body.orderID)
      return reply
    },
    async expectServed() {
      const { body } = await shop.history({ user })
      const orders = [...new Set((body.messages as { order_id: number }[]).map((each) => each.order_id))]
      expect(orders.length).toBeLessThanOrEqual(1)
      if (answered !== undefined) expect({ user, orders }).toEqual({ user, orders: [answered] })
      return orders.length
    },
  }
}

/** Asks until it is answered for good: 200, or without a key `cart_empty` after an answer was lost. */
export async function insist(
  call: Call,
  body: unknown,
  options: {
    readonly chance: Chance
    readonly key: string | undefined
    /** An empty cart is an answer: somebody else has bought what was in it. */
    readonly orEmpty?: boolean
  },
): Promise<Reply> {
  const { chance, key, orEmpty = false } = options
  const endsAt = performance.now() + patienceMs
  let lost = false
  let last: unknown
  while (performance.now() < endsAt) {
    const reply = await call(body, key === undefined ? {} : { key }).catch((error: unknown) => {
      last = error
      return undefined
    })
    if (reply?.status === 200) return reply
    if (reply?.body.code === 'cart_empty' && (orEmpty || (lost && key === undefined))) return reply
    if (reply !== undefined && !isNotNow(reply))
      throw new Error(`${JSON.stringify(body)} was answered ${reply.status} ${JSON.stringify(reply.body)}`)
    lost = true
    last = reply ?? last
    await Bun.sleep(chance.between(10, 80))
  }
  throw new Error(`${JSON.stringify(body)} was not answered in ${patienceMs} ms; last: ${inspect(last)}`)
}

const isNotNow = ({ status, body }: Reply) =>
  [503, 504].includes(status) || (status === 409 && body.code === 'in_progress')

const inspect = (last: unknown) => (last instanceof Error ? last.message : JSON.stringify(last))

/** Whoever bought has one order with what was in the cart, was told of every step once and in order, and of nothing else. */
export async function expectAllServed(shop: Shop, bought: readonly Bought[]): Promise<void> {
  const known = bought.flatMap(({ orderId }) => (orderId === undefined ? [] : [orderId]))
  expect(new Set(known).size).toBe(known.length)
  const left = bought.values()
  const oneAfterAnother = async () => {
    for (const each of left) await expectServed(shop, each)
  }
  await Promise.all(Array.from({ length: askedAtOnce }, oneAfterAnother))
}

/** Pieces of each SKU in orders that hold or have taken them. An order that its buyer was never told of was not cancelled either. */
export function piecesHeld(bought: readonly Bought[]): ReadonlyMap<number, number> {
  const held = new Map<number, number>()
  for (const { buyer, orderId } of bought) {
    if (buyer.ending === 'cancel' && orderId !== undefined) continue
    for (const { sku, count } of buyer.items) held.set(sku, (held.get(sku) ?? 0) + count)
  }
  return held
}

async function expectServed(shop: Shop, { buyer, orderId, key }: Bought): Promise<void> {
  const { user, items, ending } = buyer
  const { body } = await shop.history({ user })
  const told = body.messages as { order_id: number; status: string }[]
  const orders = [...new Set(told.map(({ order_id }) => order_id))]
  expect({ user, orders: orders.length }).toEqual({ user, orders: 1 })
  if (orderId !== undefined) expect({ user, orders }).toEqual({ user, orders: [orderId] })

  const last = orderId === undefined || ending === 'leave' ? [] : [ending === 'pay' ? 'payed' : 'cancelled']
  const statuses = [...last, 'awaiting payment']
  expect({ user, told: told.map(({ status }) => status) }).toEqual({ user, told: statuses })
  const info = await shop.info({ orderID: orders[0] })
  expect(info.body).toEqual({ status: statuses[0], user, items })
  if (key === undefined) return
  const again = await shop.checkout({ user }, { key })
  expect({ user, again: again.body, replayed: again.replayed }).toEqual({
    user,
    again: { orderID: orderId },
    replayed: true,
  })
}
