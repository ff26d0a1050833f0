//! What customers without an account do: fill a cart, check out, pay, call off, or let the clock do it.
import { demoSkus } from '../../../tools/seed/shop.ts'
import type { Shop } from '../shop.ts'
import type { Seen } from './look.ts'
import { type Customer, done, nothing, options, type Scenario, telling } from './scenario.ts'
import { windowSetting } from './settings.ts'

export const nearWindowMs = 500
/** For the system that the scenario of the clock runs in. */
export const nearWindow = { [windowSetting]: String(nearWindowMs) }

const sku = demoSkus.popular
const count = 2
const items = [{ sku, count }]
const lastPiece = { sku: demoSkus.single, count: 1 }
/** The one who is faster has a number beyond those of all customers. */
const fasterBy = 1_000_000_000
const ordered = (...told: readonly [string, ...string[]]): Seen => ({
  cart: [],
  orders: [{ status: told.at(-1) ?? told[0], items }],
  told,
})

const fill = (shop: Shop, user: number, count: number, key: string) =>
  done(shop.add({ user, sku, count }, { key: `${key}-${user}` }))

async function order(shop: Shop, user: number): Promise<Customer> {
  const { orderID } = await done(shop.create({ user, items }))
  return { user, orderId: Number(orderID) }
}

/** What changes stock is told as two facts. */
const tellingBoth = [...telling, 'loms publish to LOMS: after the first']

const checkingOut = [
  'cart checkout write: commit',
  'cart ask loms PlaceCheckout: before',
  'cart ask loms PlaceCheckout: after',
  'cart end-checkout write: commit',
  'loms place-checkout write: commit',
]

export const add: Scenario = {
  name: 'add',
  sku,
  async prepare(shop, user) {
    await fill(shop, user, 1, 'first')
    return { user }
  },
  ask: (shop, customer) => shop.add({ user: customer.user, sku, count }, options('add', customer)),
  answered: { status: 200 },
  before: { ...nothing, cart: [{ sku, count: 1 }] },
  after: { ...nothing, cart: [{ sku, count: 3 }] },
  taken: 0,
  passes: [
    'cart add-item write: commit',
    'cart ask loms …',
    'cart ask catalog …',
    'loms answer …',
    'catalog answer …',
  ],
}

export const checkout: Scenario = {
  name: 'checkout',
  isPaired: true,
  sku,
  async prepare(shop, user) {
    await fill(shop, user, count, 'fill')
    return { user }
  },
  ask: (shop, customer) => shop.checkout({ user: customer.user }, options('checkout', customer)),
  answered: { status: 200 },
  before: { ...nothing, cart: items },
  after: ordered('pending'),
  taken: count,
  passes: [...checkingOut, ...tellingBoth],
}

/** There is one piece, and somebody else is faster. */
export const refused: Scenario = {
  name: 'checkout, sold out',
  sku: demoSkus.single,
  async prepare(shop, user) {
    await done(shop.add({ user, ...lastPiece }, { key: `fill-${user}` }))
    const { orderID } = await done(shop.create({ user: user + fasterBy, items: [lastPiece] }))
    return { user, orderId: Number(orderID) }
  },
  ask: checkout.ask,
  answered: { status: 412, code: 'insufficient_stock' },
  before: { ...nothing, cart: [lastPiece] },
  after: { cart: [lastPiece], orders: [{ status: 'failed', items: [lastPiece] }], told: ['failed'] },
  taken: 0,
  isVariant: true,
  tidy: (shop, { orderId }) => done(shop.cancel({ orderID: orderId })),
  passes: [...checkingOut, ...telling],
}

export const pay: Scenario = {
  name: 'pay',
  isPaired: true,
  sku,
  prepare: order,
  ask: (shop, customer) => shop.pay({ orderID: customer.orderId }, options('pay', customer)),
  answered: { status: 200 },
  before: ordered('pending'),
  after: ordered('pending', 'confirmed'),
  taken: 0,
  passes: ['loms pay-order write: commit', ...telling],
}

export const cancel: Scenario = {
  name: 'cancel',
  sku,
  prepare: order,
  ask: (shop, customer) => shop.cancel({ orderID: customer.orderId }, options('cancel', customer)),
  answered: { status: 200 },
  before: ordered('pending'),
  after: ordered('pending', 'cancelled'),
  taken: -count,
  passes: ['loms cancel-order write: commit', ...tellingBoth],
}

export const expire: Scenario = {
  name: 'expire',
  sku,
  prepare: order,
  ask: undefined,
  answered: { status: 200 },
  before: ordered('pending'),
  after: ordered('pending', 'cancelled'),
  taken: -count,
  dueMs: nearWindowMs,
  passes: ['loms expire-orders write: commit', ...tellingBoth],
}
