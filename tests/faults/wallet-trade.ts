//! Buyers with wallets who do not give up: each puts money in, buys, perhaps calls it off, and asks again until answered.
import { expect } from 'bun:test'
import { demoProducts } from '../../tools/seed/shop.ts'
import { insist, skus } from './buyers.ts'
import type { Chance } from './chance.ts'
import type { Till } from './nth/till.ts'
import type { CallOptions, Reply } from './shop.ts'

type Call = (body: unknown, options?: CallOptions) => Promise<Reply>

export type Paid = { readonly user: number; readonly orderId: number; readonly isCalledOff: boolean }

export type WalletTrade = {
  /** Resolves when so many more have bought. */
  more(count: number): Promise<void>
  /** Lets those finish who have begun; answers with all. */
  end(): Promise<readonly Paid[]>
}

const [sku = 0] = skus
const quantity = 2
const total = quantity * (demoProducts.find((product) => product.sku === sku)?.price ?? Number.NaN)
const money = 2 * total
const decimal = (kopecks: number) => (kopecks / 100).toFixed(2)

/** They come one after another, `parallel` at a time, until `end`. */
export function startWalletTrade(
  till: Till,
  chance: Chance,
  { parallel = 3, firstUser = 5_000_000 } = {},
): WalletTrade {
  const paid: Paid[] = []
  let users = 0
  let isOver = false
  let listeners: { readonly at: number; readonly resolve: () => void }[] = []
  const oneAfterAnother = async () => {
    while (!isOver) {
      users += 1
      paid.push(await buy(till, firstUser + users, chance))
      for (const { at, resolve } of listeners) if (paid.length >= at) resolve()
      listeners = listeners.filter(({ at }) => paid.length < at)
    }
  }
  const running = Promise.all(Array.from({ length: parallel }, oneAfterAnother))
  return {
    more: async (count) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      listeners.push({ at: paid.length + count, resolve })
      // A buyer who was answered wrongly ends the test.
      await Promise.race([promise, running])
    },
    async end() {
      isOver = true
      await running
      return paid
    },
  }
}

async function buy(till: Till, user: number, chance: Chance): Promise<Paid> {
  const topUp: Call = (body, options) => till.topUp(user, body, options)
  const order: Call = async (body, options) => {
    const reply = await till.buy(user, body, options)
    // Not decided yet: to be asked again.
    return reply.status === 202 ? { ...reply, status: 503 } : reply
  }
  await insist(topUp, { amount: decimal(money) }, { chance, key: `top-up-${user}` })
  const body = { items: [{ sku, quantity }], delivery: { method: 'pickup' } }
  const bought = await insist(order, body, { chance, key: `order-${user}` })
  const orderId = Number(bought.body.id)
  const isCalledOff = chance.random() < 0.3
  if (isCalledOff) {
    const callOff: Call = (_, options) => till.callOff(user, orderId, options)
    await insist(callOff, {}, { chance, key: `call-off-${user}` })
  }
  return { user, orderId, isCalledOff }
}

/** To be asked once all is quiet: each has the order or the money, to the kopeck, and the key is answered as it was. */
export async function expectAllPaid(till: Till, paid: readonly Paid[]): Promise<void> {
  expect(new Set(paid.map(({ orderId }) => orderId)).size).toBe(paid.length)
  for (const { user, orderId, isCalledOff } of paid) {
    const info = await till.info({ orderID: orderId })
    const account = await till.account(user)
    const { balance, held } = account.body
    expect({ user, status: info.body.status, balance, held }).toEqual({
      user,
      status: isCalledOff ? 'cancelled' : 'payed',
      balance: decimal(isCalledOff ? money : money - total),
      held: '0.00',
    })
    const again = await till.topUp(user, { amount: decimal(money) }, { key: `top-up-${user}` })
    expect({ user, status: again.status, replayed: again.replayed }).toEqual({
      user,
      status: 200,
      replayed: true,
    })
  }
}
