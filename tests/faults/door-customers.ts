//! Customers who trade at the public door while services come and go: what they are told may be "not now", and is never wrong.
import { expect } from 'bun:test'
import { demoProducts } from '../../tools/seed/shop.ts'
import { password } from '../journeys/customer.ts'
import { skus } from './buyers.ts'
import type { Chance } from './chance.ts'
import type { Asked, RollingClient, Told } from './rolling-client.ts'
import { keyHeader } from './shop.ts'

/** What each of the ways to buy from a wallet is answered; `poor` asks for more than all that was ever put in. */
const outcomes = { order: '200', cart: '201', poor: '402 insufficient_funds' } as const
type Way = keyof typeof outcomes

type Purchase = {
  readonly key: string
  readonly way: Way
  readonly told: Told
  readonly orderId: string
  readonly status: 'confirmed' | 'cancelled' | 'failed'
}

const [sku = 0] = skus
const quantity = 2
const total = quantity * (demoProducts.find((product) => product.sku === sku)?.price ?? Number.NaN)
const itemsOf = (way: Way) => [{ sku, quantity: way === 'poor' ? 10_000 : quantity }]
const delivery = { method: 'pickup' }
const patienceMs = 30_000
const pageMax = 100

/** Something of theirs, or of everybody's, that each service shows. */
const pages = {
  accounts: '/api/v1/user/profile',
  billing: '/api/v1/account',
  cart: '/api/v1/cart',
  catalog: '/api/v1/products?q=coffee',
  delivery: '/api/v1/shipments/carriers',
  loms: '/api/v1/orders',
  notifier: '/api/v1/notifications',
} as const
export type Service = keyof typeof pages

/** The door that they all come to. */
export type Door = {
  readonly client: RollingClient
  readonly chance: Chance
  /** Which services stand behind it. */
  readonly services: readonly (Service | 'gateway')[]
}

/** One who is signed in, and shows it by bearer or by cookie. */
export class DoorCustomer {
  readonly login: string
  readonly #client: RollingClient
  readonly #chance: Chance
  readonly #ways: readonly [Way, ...Way[]]
  readonly #pages: readonly [string, ...string[]]
  readonly #by: 'bearer' | 'cookie'
  readonly #bought: Purchase[] = []
  #tokens = { access: '', refresh: '' }
  #cookies: Readonly<Record<string, string>> = {}
  #money = 0

  constructor({ client, chance, services }: Door, index: number) {
    this.#client = client
    this.#chance = chance
    this.#ways = ['order', services.includes('cart') ? 'cart' : 'order', 'poor']
    const there = Object.entries(pages).filter(
      ([name]) => name !== 'loms' && services.includes(name as Service),
    )
    this.#pages = [pages.loms, ...there.map(([, path]) => path)]
    this.login = `customer-${index}`
    this.#by = index % 2 === 0 ? 'bearer' : 'cookie'
  }

  /** How many they have asked for and were told of. */
  get orders(): number {
    return this.#bought.length
  }

  async register(): Promise<void> {
    const body = { login: this.login, password }
    await this.#insist(post('/api/v1/register', body), ['201'], `register-${this.login}`)
    await this.signIn()
  }

  async signIn(): Promise<void> {
    const body = { login: this.login, password }
    const told = await this.#insist(post('/api/v1/login', body), ['200'])
    const pairs = told.headers.getSetCookie().map((cookie) => (cookie.split(';')[0] ?? '').split('=', 2))
    this.#cookies = Object.fromEntries(pairs)
    this.#tokens = tokensIn(told)
  }

  async refresh(): Promise<void> {
    const body = { refresh_token: this.#tokens.refresh }
    this.#tokens = tokensIn(await this.#insist(post('/api/v1/token/refresh', body), ['200']))
  }

  /** What goes along with everything that their browser, or program, asks. */
  credentials(): Record<string, string> {
    if (this.#by === 'bearer') return { authorization: `Bearer ${this.#tokens.access}` }
    const { session_id = '', csrf_token = '' } = this.#cookies
    return { cookie: `session_id=${session_id}; csrf_token=${csrf_token}`, 'x-csrf-token': csrf_token }
  }

  /** Puts money in, buys, looks, and perhaps calls it off. */
  async visit(): Promise<void> {
    const chance = this.#chance
    if (chance.random() < 0.3) await this.refresh()
    else if (chance.random() < 0.1) await this.signIn()
    const way = chance.pick(this.#ways)
    await this.topUp(way === 'poor' ? 1 : total)
    const bought = await this.#buy(way)
    await this.#look(bought)
    if (bought.status === 'confirmed' && chance.random() < 0.3) await this.#callOff(bought)
  }

  /** As much as an order costs, unless told. */
  async topUp(amount = total): Promise<void> {
    const asked = post('/api/v1/account', { amount: decimal(amount) })
    await this.#insist(asked, ['200'], `top-up-${this.#nextKey}`)
    this.#money += amount
  }

  get #nextKey(): string {
    return `${this.login}-${this.#bought.length}`
  }

  async #buy(way: Way): Promise<Purchase> {
    const key = `order-${this.#nextKey}`
    const items = itemsOf(way)
    if (way === 'cart') await this.#insist(post('/api/v1/cart/items', items[0]), ['200'], `item-${key}`)
    const told = await this.#insist(buying(way), ['202', outcomes[way]], key)
    const status = way === 'poor' ? 'failed' : 'confirmed'
    if (told.status === 202) {
      const outcome = await this.#outcome(told)
      expect({ key, status: outcome.status }).toEqual({ key, status })
    }
    return this.#remember({ key, way, told, orderId: orderIn(told), status })
  }

  #remember(purchase: Purchase): Purchase {
    this.#bought.push(purchase)
    return purchase
  }

  /** What has become of an order that was not decided when it was answered. */
  async #outcome({ headers, body }: Told): Promise<Told['body']> {
    const endsAt = performance.now() + patienceMs
    for (;;) {
      const { body: order } = await this.#insist(get(headers.get('location') ?? ''), ['200'])
      expect(order.id).toBe(body.id)
      if (order.status !== 'pending') return order
      if (performance.now() > endsAt) throw new Error(`order ${order.id} is not decided in ${patienceMs} ms`)
      await Bun.sleep(this.#chance.between(20, 150))
    }
  }

  /** At what was just bought, and at something of theirs: whoever cannot tell now does not say that it is not there. */
  async #look({ orderId, status }: Purchase): Promise<void> {
    const { body } = await this.#insist(get(`/api/v1/orders/${orderId}`), ['200'])
    expect({ orderId, status: body.status }).toEqual({ orderId, status })
    if (status === 'confirmed') await this.#insist(get(`/api/v1/order/${orderId}/delivery`), ['200'])
    await this.#insist(get(this.#chance.pick(this.#pages)), ['200'])
  }

  async #callOff(bought: Purchase): Promise<void> {
    const asked = post(`/api/v1/orders/${bought.orderId}/cancel`, {})
    const { body } = await this.#insist(asked, ['200'], `call-off-${bought.key}`)
    expect(body.status).toBe('cancelled')
    this.#bought[this.#bought.indexOf(bought)] = { ...bought, status: 'cancelled' }
  }

  /** Asks for an order, whatever the answer, and whether one comes or not. */
  async askOnce(): Promise<void> {
    const headers = { ...this.credentials(), ...keyHeader(`order-${this.#nextKey}`) }
    await this.#client.ask('gateway', { ...buying('order'), headers }).catch(() => undefined)
  }

  /** For that very order until told; true where it could be had. */
  async askAgain(): Promise<boolean> {
    const key = `order-${this.#nextKey}`
    const told = await this.#insist(buying('order'), ['200', '409 order_not_payable'], key)
    const isHad = told.status === 200
    this.#remember({
      key,
      way: 'order',
      told,
      orderId: orderIn(told),
      status: isHad ? 'confirmed' : 'cancelled',
    })
    return isHad
  }

  /** Asks until it is answered for good, in one of these words; any other answer but "not now" is wrong. */
  async #insist(asked: Asked, words: readonly string[], key?: string): Promise<Told> {
    const endsAt = performance.now() + patienceMs
    for (;;) {
      const headers = { ...this.credentials(), ...keyHeader(key) }
      const told = await this.#client.ask('gateway', { ...asked, headers })
      if (words.includes(wordOf(told))) return told
      expectNotNow(asked.path, told)
      if (performance.now() > endsAt) throw new Error(`${asked.path}: for ${patienceMs} ms ${saidBy(told)}`)
      await Bun.sleep(this.#chance.between(20, 150))
    }
  }

  /** To be asked once all is quiet: an order for each key, told again as it was, and the money for what was had. */
  async expectServed(): Promise<void> {
    const { login } = this
    const { balance, held } = (await this.#insist(get('/api/v1/account'), ['200'])).body
    const orders = (await this.all('/api/v1/orders')).map(({ id, status }) => ({ id, status }))
    const had = this.#bought.filter(({ status }) => status === 'confirmed').length
    const left = this.#money - had * total
    expect({ login, balance, held, orders: orders.sort(byId) }).toEqual({
      login,
      balance: decimal(left),
      held: decimal(0),
      orders: this.#bought.map(({ orderId: id, status }) => ({ id, status })).sort(byId),
    })
    const moved = await this.all('/api/v1/account/transactions')
    expect(moved.reduce((sum, { amount }) => sum + kopecks(amount), 0)).toBe(left)
    for (const bought of this.#bought) await this.#expectToldAgain(bought)
  }

  async #expectToldAgain({ key, way, told, orderId }: Purchase): Promise<void> {
    // A checkout that was told as open stays told so; an order is told as it was decided.
    const word = told.status === 202 && way !== 'cart' ? outcomes[way] : wordOf(told)
    const again = await this.#insist(buying(way), [word], key)
    const { replayed } = again
    expect({ key, orderId: orderIn(again), replayed }).toEqual({ key, orderId, replayed: true })
    if (word === wordOf(told)) expect(again.body).toEqual(told.body)
  }

  /** Of a list, every page. */
  async all(path: string): Promise<Readonly<Record<string, unknown>>[]> {
    const list: Record<string, unknown>[] = []
    for (let page = 1; ; page += 1) {
      const { body } = await this.#insist(get(`${path}?page=${page}&limit=${pageMax}`), ['200'])
      const { data, meta } = body as { data: Record<string, unknown>[]; meta: { pages: number } }
      list.push(...data)
      if (page >= meta.pages) return list
    }
  }
}

const get = (path: string): Asked => ({ method: 'GET', path })
const post = (path: string, body: unknown): Asked => ({ method: 'POST', path, body })
const buying = (way: Way): Asked =>
  way === 'cart'
    ? post('/api/v1/cart/checkout', { delivery, payment_method: 'wallet' })
    : post('/api/v1/order', { items: itemsOf(way), delivery })

const decimal = (amount: number) => (amount / 100).toFixed(2)
const kopecks = (text: unknown) => Math.round(Number(text) * 100)
const byId = (one: { id: unknown }, other: { id: unknown }) => Number(one.id) - Number(other.id)

const tokensIn = ({ body }: Told) => ({
  access: String(body.access_token),
  refresh: String(body.refresh_token),
})
const orderIn = ({ body }: Told) => String(body.id ?? body.order_id)
/** What an answer is known by: its status, and the code of a refusal. */
const wordOf = ({ status, body }: Told) => (body.code === undefined ? `${status}` : `${status} ${body.code}`)
const saidBy = ({ status, body }: Pick<Told, 'status' | 'body'>) => `${status} ${JSON.stringify(body)}`

const notNow = ['unavailable', 'overloaded', 'deadline_exceeded', 'catalog_unavailable', 'stock_unavailable']

/** 503 in our own words, with when to come back; or that what the key was first asked for is still under way. */
export function expectNotNow(path: string, told: Pick<Told, 'status' | 'body' | 'headers'>): void {
  const { status, body, headers } = told
  const isBusy =
    status === 503 &&
    headers.get('content-type') === 'application/problem+json' &&
    Number(headers.get('retry-after')) > 0 &&
    notNow.includes(String(body.code))
  const isUnderWay = status === 409 && body.code === 'in_progress'
  if (!isBusy && !isUnderWay) throw new Error(`${path} was answered ${saidBy(told)}`)
}
