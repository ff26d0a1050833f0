//! Customers with a wallet, at the public door: each asks for an order with a key until told, and must have got exactly that.
import { expect } from 'bun:test'
import { demoProducts } from '../../tools/seed/shop.ts'
import { eventually } from '../journeys/shop.ts'
import { skus } from './buyers.ts'
import type { Chance } from './chance.ts'
import type { SagaWorld } from './saga-world.ts'
import { keyHeader } from './shop.ts'

/** `nowhere`: wants it brought to where nobody brings anything. `racing`: two orders, and money for one. */
export const kinds = ['rich', 'poor', 'nowhere', 'racing'] as const
export type Kind = (typeof kinds)[number]

export type Customer = { readonly user: number; readonly kind: Kind }

type Answer = { readonly status: number; readonly code: unknown; readonly orderId: string }

/** What a customer was told of each of their orders, and how often they had to ask. */
export type Served = Customer & {
  readonly answers: readonly Answer[]
  readonly tries: number
  /** Requests that nobody answered. */
  readonly lost: number
}

const [sku = 0] = skus
const quantity = 2
const price = demoProducts.find((product) => product.sku === sku)?.price ?? 0
const total = quantity * price
const decimal = (kopecks: number) => (kopecks / 100).toFixed(2)

const money: Record<Kind, number> = { rich: 3 * total, poor: total - 1, nowhere: total, racing: total }
/** What they are told, of each order. */
const outcomes: Record<Kind, readonly string[]> = {
  rich: ['200'],
  poor: ['402 insufficient_funds'],
  nowhere: ['409 delivery_refused'],
  racing: ['200', '402 insufficient_funds'],
}
/** Longer than others go on dying; how soon after that everybody has to be told is the test's to say. */
const patienceMs = 90_000

type Reply = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

async function ask(
  { system, issuer }: SagaWorld,
  customer: Customer,
  method: string,
  path: string,
  { service = 'gateway', body, key }: { service?: string; body?: unknown; key?: string } = {},
): Promise<Reply> {
  const response = await fetch(`${system.url(service)}/api/v1${path}`, {
    method,
    headers: {
      authorization: await issuer.bearer(customer),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...keyHeader(key),
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(15_000),
    // A kept connection may lead to a process that was killed meanwhile.
    keepalive: false,
  })
  // Every answer of ours is an object.
  return { status: response.status, body: (await response.json()) as Reply['body'] }
}

/** With what they need in their wallets. */
export async function newCustomers(world: SagaWorld, wanted: readonly Kind[]): Promise<readonly Customer[]> {
  const customers = wanted.map((kind) => ({ user: nextUser(world), kind }))
  for (const customer of customers) {
    const body = { amount: decimal(money[customer.kind]) }
    const { status } = await ask(world, customer, 'POST', '/account', { service: 'billing', body })
    expect({ 'top-up': status }).toEqual({ 'top-up': 200 })
  }
  return customers
}

const users = new WeakMap<SagaWorld, number>()

function nextUser(world: SagaWorld): number {
  const user = (users.get(world) ?? 0) + 1
  users.set(world, user)
  return user
}

/** Asks for all orders of the customer at once, each until it is told for good. */
export async function buy(world: SagaWorld, customer: Customer, chance: Chance): Promise<Served> {
  const told = await Promise.all(outcomes[customer.kind].map((_, at) => insist(world, customer, at, chance)))
  const sum = (of: (each: (typeof told)[number]) => number) => told.reduce((all, each) => all + of(each), 0)
  return {
    ...customer,
    answers: told.map(({ answer }) => answer),
    tries: sum(({ tries }) => tries),
    lost: sum(({ lost }) => lost),
  }
}

async function insist(
  world: SagaWorld,
  customer: Customer,
  at: number,
  chance: Chance,
): Promise<{ readonly answer: Answer; readonly tries: number; readonly lost: number }> {
  const endsAt = performance.now() + patienceMs
  let lost = 0
  let last: Reply | undefined
  for (let tries = 1; performance.now() < endsAt; tries += 1) {
    const reply = await order(world, customer, at).catch(() => undefined) // it died with our question
    if (reply === undefined) lost += 1
    last = reply ?? last
    if (reply !== undefined && isFinal(reply)) return { answer: answerOf(reply), tries, lost }
    await Bun.sleep(chance.between(100, 400))
  }
  throw new Error(
    `user ${customer.user} was told nothing for ${patienceMs} ms; last: ${JSON.stringify(last)}`,
  )
}

/** One try, with the same key as every other. */
function order(world: SagaWorld, customer: Customer, at: number): Promise<Reply> {
  const delivery = { method: 'pickup', ...(customer.kind === 'nowhere' && { pickup_point: 'nowhere' }) }
  const body = { items: [{ sku, quantity }], delivery }
  return ask(world, customer, 'POST', '/order', { body, key: `order-${customer.user}-${at}` })
}

/** 202 and `in_progress` say that it is not known yet. */
function isFinal({ status, body }: Reply): boolean {
  if (status === 202 || status >= 500 || body.code === 'in_progress') return false
  if (![200, 402, 409].includes(status)) throw new Error(`answered ${status} ${JSON.stringify(body)}`)
  return true
}

const answerOf = ({ status, body }: Reply): Answer => ({
  status,
  code: body.code,
  orderId: String(body.id ?? body.order_id),
})

const wordOf = ({ status, code }: Answer) => (code === undefined ? `${status}` : `${status} ${code}`)

/** Of what only looks, once there is somebody who answers: the gateway asks nobody for a second who was dead just now. */
const look = (world: SagaWorld, customer: Customer, path: string): Promise<Reply['body']> =>
  eventually(`${path} of user ${customer.user}`, async () => {
    const { status, body } = await ask(world, customer, 'GET', path)
    return status === 200 ? body : undefined
  })

/** One order for each key, told again as it was told first, and money for what was had, to the kopeck. */
export async function expectServed(world: SagaWorld, served: Served, chance: Chance): Promise<void> {
  const { user, kind, answers } = served
  const again = await Promise.all(answers.map((_, at) => insist(world, served, at, chance)))
  const account = await look(world, served, '/account')
  const orders = await look(world, served, '/orders')
  const listed = (orders.data as { id: string; status: string }[])
    .map(({ id, status }) => ({ id, status }))
    .sort((a, b) => Number(a.id) - Number(b.id))
  expect({
    user,
    told: answers.map(wordOf).sort(),
    again: again.map(({ answer }) => answer),
    balance: account.balance,
    held: account.held,
    orders: listed,
  }).toEqual({
    user,
    told: [...outcomes[kind]],
    again: [...answers],
    balance: decimal(money[kind] - total * answers.filter(isHad).length),
    held: '0.00',
    orders: answers
      .map((answer) => ({ id: answer.orderId, status: isHad(answer) ? 'confirmed' : 'failed' }))
      .sort((a, b) => Number(a.id) - Number(b.id)),
  })
}

const isHad = ({ status }: Answer) => status === 200

/** How many pieces can be bought. */
export async function available({ system }: SagaWorld): Promise<number> {
  const response = await fetch(`${system.url('loms')}/stock/info`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sku }),
    keepalive: false,
  })
  const { count } = (await response.json()) as { count: number }
  return count
}

/** How many pieces these customers have got. */
export const piecesHad = (served: readonly Served[]): number =>
  quantity * served.flatMap(({ answers }) => answers).filter(isHad).length
