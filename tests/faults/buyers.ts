//! Buyers who do not give up: each fills a cart, checks out once and perhaps pays or cancels, and asks again until answered.
import { expect } from 'bun:test'
import type { Chance } from './chance.ts'
import type { CallOptions, Reply, Shop } from './shop.ts'

export type Buyer = {
  readonly user: number
  readonly items: readonly { readonly sku: number; readonly count: number }[]
  /** Half of them send an idempotency key with the checkout. */
  readonly key: string | undefined
  readonly then: 'pay' | 'cancel' | 'leave'
}

export type Bought = {
  readonly buyer: Buyer
  /** Undefined where the answer was lost and the cart was found empty: there is an order, and nobody has told which. */
  readonly orderId: number | undefined
}

type Call = (body: unknown, options?: CallOptions) => Promise<Reply>

// More than a million pieces of the first, plenty of the others.
const skus = [2001, 2002, 2003, 2004] as const
const patienceMs = 40_000

export function newBuyer(user: number, chance: Chance): Buyer {
  const first = chance.between(0, skus.length - 1)
  const items = skus
    .slice(first, first + chance.between(1, 2))
    .map((sku) => ({ sku, count: chance.between(1, 3) }))
  const key = chance.random() < 0.5 ? `checkout-${user}` : undefined
  return { user, items, key, then: chance.pick(['pay', 'pay', 'cancel', 'leave']) }
}

/** `parallel` buyers at a time, until the signal; those who have begun finish. */
export async function trade(
  shop: Shop,
  chance: Chance,
  { users, parallel, until }: { users: Iterator<number>; parallel: number; until: AbortSignal },
): Promise<Bought[]> {
  const bought: Bought[] = []
  const oneAfterAnother = async () => {
    while (!until.aborted) {
      const { value: user, done } = users.next()
      if (done) return
      bought.push(await buy(shop, newBuyer(user, chance), chance))
    }
  }
  await Promise.all(Array.from({ length: parallel }, oneAfterAnother))
  return bought
}

export async function buy(shop: Shop, buyer: Buyer, chance: Chance): Promise<Bought> {
  const { user, items, key, then } = buyer
  for (const { sku, count } of items)
    await insist(shop.add, { user, sku, count }, { chance, key: `add-${user}-${sku}` })
  const { status, body } = await insist(shop.checkout, { user }, { chance, key })
  // Without a key, an answer that was lost is not told again: the cart is found empty.
  const orderId = status === 200 ? Number(body.orderID) : undefined
  if (orderId !== undefined && then !== 'leave') {
    const call = then === 'pay' ? shop.pay : shop.cancel
    await insist(call, { orderID: orderId }, { chance, key: key && `${then}-${user}` })
  }
  return { buyer, orderId }
}

/** Asks until it is answered for good: 200, or without a key `cart_empty` after an answer was lost. */
export async function insist(
  call: Call,
  body: unknown,
  { chance, key }: { readonly chance: Chance; readonly key: string | undefined },
): Promise<Reply> {
  const endsAt = performance.now() + patienceMs
  let lost = false
  let last: unknown
  while (performance.now() < endsAt) {
    const reply = await call(body, key === undefined ? {} : { key }).catch((error: unknown) => {
      last = error
      return undefined
    })
    if (reply?.status === 200) return reply
    if (reply?.body.code === 'cart_empty' && lost && key === undefined) return reply
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
  for (const each of bought) await expectServed(shop, each)
}

async function expectServed(shop: Shop, { buyer, orderId }: Bought): Promise<void> {
  const { user, items, key, then } = buyer
  const { body } = await shop.history({ user })
  const told = body.messages as { order_id: number; status: string }[]
  const orders = [...new Set(told.map(({ order_id }) => order_id))]
  expect({ user, orders: orders.length }).toEqual({ user, orders: 1 })
  if (orderId !== undefined) expect({ user, orders }).toEqual({ user, orders: [orderId] })

  const last = orderId === undefined || then === 'leave' ? [] : [then === 'pay' ? 'payed' : 'cancelled']
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

/** 1, 2, 3 … up to `last`. */
export function* countTo(last: number): Generator<number> {
  for (let user = 1; user <= last; user += 1) yield user
}
