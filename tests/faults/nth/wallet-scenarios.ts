//! What customers with an account do: top up their wallet, buy from it, buy more than it holds, call off what is paid; and that it is sent to them.
import { demoProducts, demoSkus } from '../../../tools/seed/shop.ts'
import type { Account } from './look.ts'
import { type Customer, done, nothing, options, type Scenario, telling } from './scenario.ts'
import type { Till } from './till.ts'

const sku = demoSkus.popular
const count = 2
const total = count * (demoProducts.find((product) => product.sku === sku)?.price ?? Number.NaN)
/** In kopecks: more than an order costs. */
const enough = 200_000
const tooLittle = total - 1

const decimal = (amount: number) => (amount / 100).toFixed(2)
const topUp = (till: Till, user: number, amount: number, key: string) =>
  till.topUp(user, { amount: decimal(amount) }, options(key, { user }))
const buy = (till: Till, customer: Customer) =>
  till.buy(
    customer.user,
    { items: [{ sku, quantity: count }], delivery: { method: 'pickup' } },
    options('buy', customer),
  )

async function withMoney(till: Till, user: number, amount: number): Promise<Customer> {
  await done(topUp(till, user, amount, 'first'))
  return { user }
}

const holding = (amount: number): Account => ({
  available: amount,
  held: 0,
  ledger: [`top_up ${amount}`],
  holds: [],
  shipments: [],
  sagas: [],
})

const ordered = (...told: readonly [string, ...string[]]) => ({
  cart: [],
  orders: [{ status: told.at(-1) ?? told[0], items: [{ sku, count }] }],
  told,
})

const paid: Account = {
  available: enough - total,
  held: 0,
  ledger: [`top_up ${enough}`, `hold ${total}`, `charge ${total}`],
  holds: ['captured'],
  shipments: ['queued, may leave'],
  sagas: ['done'],
}

/** There are so many places to be killed at that only a long run takes them all. */
const killsMost = 4

/** What it takes that one service hears what another tells. */
const hearing = (announcer: string, reader: string) => {
  const stream = announcer.toUpperCase()
  return [
    `${announcer} publish to ${stream}: after`,
    `${announcer} relay-core write: after the commit`,
    `${reader} read of ${stream}: after some came`,
    `${reader} reader-core write: after the commit`,
  ]
}

/** A question whose answer, or that itself, may be lost. */
const asking = (asks: string, answers: string, method: string) => [
  `${asks} ask ${answers} ${method}: before`,
  `${asks} ask ${answers} ${method}: after`,
  `${answers} answer ${method}: before`,
  `${answers} answer ${method}: after`,
]

export const topUpAgain: Scenario = {
  name: 'top-up',
  killsMost,
  sku,
  prepare: (till, user) => withMoney(till, user, 100),
  ask: (till, { user }) => topUp(till, user, 50, 'second'),
  answered: { status: 200 },
  before: { ...nothing, account: holding(100) },
  after: { ...nothing, account: { ...holding(100), available: 150, ledger: ['top_up 100', 'top_up 50'] } },
  taken: 0,
  passes: ['billing top-up write: commit', ...hearing('billing', 'loms')],
}

const bought: Omit<Scenario, 'name' | 'passes'> = {
  isPaired: true,
  killsMost,
  sku,
  prepare: (till, user) => withMoney(till, user, enough),
  ask: buy,
  answered: { status: 200 },
  before: { ...nothing, account: holding(enough) },
  after: { ...ordered('pending', 'confirmed'), account: paid },
  taken: count,
}

/** loms asks one after the other. */
export const walletOrder: Scenario = {
  ...bought,
  name: 'wallet order',
  passes: [
    'loms order-by-wallet write: commit',
    ...asking('loms', 'billing', 'HoldFunds'),
    ...asking('loms', 'delivery', 'MakeDelivery'),
    ...asking('loms', 'billing', 'CaptureHold'),
    'loms drive-saga write: after the commit',
    'billing hold-funds write: after the commit',
    'billing capture-hold write: after the commit',
    'delivery rpc write: after the commit',
    ...hearing('loms', 'billing'),
    ...hearing('loms', 'delivery'),
    ...telling,
  ],
}

/** Everybody acts on the facts of the others. */
export const walletOrderByFacts: Scenario = {
  ...bought,
  name: 'wallet order by facts',
  passes: [
    'loms order-by-wallet write: commit',
    ...hearing('loms', 'billing'),
    ...hearing('billing', 'loms'),
    ...hearing('loms', 'delivery'),
    ...hearing('delivery', 'loms'),
    ...telling,
  ],
}

const unaffordable: Omit<Scenario, 'name' | 'passes' | 'after'> = {
  isVariant: true,
  sku,
  prepare: (till, user) => withMoney(till, user, tooLittle),
  ask: buy,
  answered: { status: 402, code: 'insufficient_funds' },
  before: { ...nothing, account: holding(tooLittle) },
  taken: 0,
}

const refused: Account = { ...holding(tooLittle), holds: ['refused'], sagas: ['undone'] }

export const tooDear: Scenario = {
  ...unaffordable,
  name: 'wallet order, too dear',
  after: { ...ordered('pending', 'failed'), account: { ...refused, shipments: ['never'] } },
  passes: [
    ...asking('loms', 'billing', 'HoldFunds'),
    ...asking('loms', 'billing', 'VoidHold'),
    ...asking('loms', 'delivery', 'CancelDelivery'),
    'loms drive-saga write: after the commit',
    ...telling,
  ],
}

export const tooDearByFacts: Scenario = {
  ...unaffordable,
  name: 'wallet order by facts, too dear',
  after: { ...ordered('pending', 'failed'), account: { ...refused, shipments: ['cancelled'] } },
  passes: [
    'loms order-by-wallet write: commit',
    ...hearing('billing', 'loms'),
    ...hearing('loms', 'delivery'),
    ...telling,
  ],
}

async function buyOne(till: Till, user: number): Promise<Customer> {
  await withMoney(till, user, enough)
  const { id } = await done(buy(till, { user }))
  return { user, orderId: Number(id) }
}

/** Called off after it was paid: the money comes back, the goods return to their shelves, nothing leaves. */
export const refund: Scenario = {
  name: 'refund',
  isPaired: true,
  killsMost,
  sku,
  prepare: buyOne,
  ask: (till, customer) => till.callOff(customer.user, Number(customer.orderId), options('refund', customer)),
  answered: { status: 200 },
  before: bought.after,
  after: {
    ...ordered('pending', 'confirmed', 'cancelled'),
    account: {
      ...paid,
      available: enough,
      ledger: [...paid.ledger, `refund ${total}`],
      holds: ['refunded'],
      shipments: ['cancelled'],
    },
  },
  taken: -count,
  passes: [
    'loms step-order write: commit',
    ...hearing('loms', 'billing'),
    ...hearing('loms', 'delivery'),
    ...telling,
  ],
}

/** A courier takes a paid order along: it is shipped in loms and sent in delivery, or neither. */
export const sent: Scenario = {
  name: 'sent',
  isPaired: true,
  killsMost,
  sku,
  prepare: buyOne,
  ask: (till, customer) => till.send(Number(customer.orderId), options('sent', customer)),
  answered: { status: 200 },
  before: bought.after,
  after: { ...ordered('pending', 'confirmed', 'shipped'), account: { ...paid, shipments: ['sent'] } },
  taken: 0,
  passes: [
    ...asking('delivery', 'loms', 'ShipOrder'),
    'loms ship-order write: commit',
    'delivery step-shipment write: commit',
    ...hearing('loms', 'delivery'),
    ...hearing('delivery', 'loms'),
    ...telling,
  ],
}
