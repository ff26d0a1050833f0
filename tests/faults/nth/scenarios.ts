//! What customers do while a fault waits for them, and what must have become of it in the end, exactly once.
import { demoSkus } from '../../../tools/seed/shop.ts'
import type { Reply, Shop } from '../shop.ts'
import type { Seen } from './look.ts'
import { windowSetting } from './settings.ts'

/** A new customer for every trial. */
export type Customer = {
  readonly user: number
  /** Of the customer, or of somebody else who was faster. */
  readonly orderId?: number
}

export type Scenario = {
  readonly name: string
  /** What is bought. */
  readonly sku: number
  /** Up to where the faults begin; nothing goes wrong yet. */
  prepare(shop: Shop, user: number): Promise<Customer>
  /** One try of the call under test, always with the same key; absent where it is the clock's turn. */
  readonly ask: ((shop: Shop, customer: Customer) => Promise<Reply>) | undefined
  readonly answered: { readonly status: number; readonly code?: string }
  readonly before: Seen
  readonly after: Seen
  /** How many pieces less can be bought after it than before `prepare`. */
  readonly held: number
  /** Makes room for the next one. */
  tidy?(shop: Shop, customer: Customer): Promise<unknown>
  /** Passes the points of another, to another end: killed in a long run only. */
  readonly isVariant?: true
  /** So long after `prepare` began the clock acts. */
  readonly dueMs?: number
  /** Points that it certainly passes, or how their names begin: without them the sweep would be of something else. */
  readonly passes: readonly string[]
}

export const nearWindowMs = 500
/** For the system that the scenario of the clock runs in. */
export const nearWindow = { [windowSetting]: String(nearWindowMs) }

const sku = demoSkus.popular
const count = 2
const items = [{ sku, count }]
const lastPiece = { sku: demoSkus.single, count: 1 }
/** The one who is faster has a number beyond those of all customers. */
const fasterBy = 1_000_000_000
const nothing: Seen = { cart: [], orders: [], told: [] }
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

async function done(asked: Promise<Reply>): Promise<Reply['body']> {
  const { status, body } = await asked
  if (status !== 200) throw new Error(`answered ${status} ${JSON.stringify(body)}`)
  return body
}

const telling = [
  'loms publish to LOMS: before',
  'loms publish to LOMS: after',
  'loms relay-core write: commit',
  'notifier read of LOMS: after some came',
  'notifier print-notices write: commit',
]
/** What changes stock is told as two facts. */
const tellingBoth = [...telling, 'loms publish to LOMS: after the first']

const checkingOut = [
  'cart checkout write: commit',
  'cart ask loms PlaceCheckout: before',
  'cart ask loms PlaceCheckout: after',
  'cart end-checkout write: commit',
  'loms place-checkout write: commit',
]

/** One key for all tries. */
const options = (what: string, { user }: Customer) => ({ key: `${what}-${user}`, timeoutMs: 10_000 })

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
  held: 0,
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
  sku,
  async prepare(shop, user) {
    await fill(shop, user, count, 'fill')
    return { user }
  },
  ask: (shop, customer) => shop.checkout({ user: customer.user }, options('checkout', customer)),
  answered: { status: 200 },
  before: { ...nothing, cart: items },
  after: ordered('pending'),
  held: count,
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
  held: 1,
  isVariant: true,
  tidy: (shop, { orderId }) => done(shop.cancel({ orderID: orderId })),
  passes: [...checkingOut, ...telling],
}

export const pay: Scenario = {
  name: 'pay',
  sku,
  prepare: order,
  ask: (shop, customer) => shop.pay({ orderID: customer.orderId }, options('pay', customer)),
  answered: { status: 200 },
  before: ordered('pending'),
  after: ordered('pending', 'confirmed'),
  held: count,
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
  held: 0,
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
  held: 0,
  dueMs: nearWindowMs,
  passes: ['loms expire-orders write: commit', ...tellingBoth],
}
