//! For tests: catalog and loms as cart sees them. Every question and every answer is checked against the contract.
import { type Failure, fail, ok, type Result } from '../contracts/errors.ts'
import { type CheckoutId, defaultTenant, type ProductId, type Sku } from '../contracts/ids.ts'
import { defaultCurrency, money, times, toDecimal } from '../contracts/money.ts'
import type { OrderView } from '../contracts/order-view.ts'
import { GetProducts, GetSkus } from '../contracts/rpc/catalog.ts'
import type { ReplyOf, RequestOf } from '../contracts/rpc/define.ts'
import { type CheckoutOptions, GetAvailable, PlaceCheckout, SettleCheckout } from '../contracts/rpc/loms.ts'
import { int64Of, int64ToJson } from '../contracts/scalars.ts'
import { type Instant, parseRfc3339, plusMs, toRfc3339 } from '../contracts/time.ts'
import { StandIn } from '../tests/harness/stand-in.ts'

export type Method = 'GetProducts' | 'GetSkus' | 'GetAvailable' | 'PlaceCheckout' | 'SettleCheckout'

export type Order = {
  readonly id: bigint
  readonly checkoutId: CheckoutId
  readonly userId: bigint
  readonly items: readonly { readonly sku: Sku; readonly count: number }[]
  readonly failed: boolean
  /** Of those that came with any. */
  readonly options?: CheckoutOptions
}

/** How an order stands that is paid from the wallet, and whether cart was told that nobody knew. */
type Payment = { status: 'pending' | 'confirmed' | 'failed'; toldOpen: boolean }

/** One for all carts of a test: what they ask is remembered here, and so is every order. */
export class Others extends StandIn<Method> {
  /** What is sold: name and price by SKU. */
  readonly products = new Map<number, { id?: ProductId; name: string; price: number }>()
  /** What can be bought; a SKU that is absent was never in stock. */
  readonly stock = new Map<number, number>()
  readonly orders: Order[] = []
  /** What can be spent, by user. */
  readonly wallets = new Map<string, number>()
  /** False while billing does not answer: then nobody knows whether an order from the wallet can be had. */
  billingAnswers = true
  nextOrderId = 1n
  /** Of each checkout that has an outcome; null where there will be no order. */
  readonly #outcomes = new Map<CheckoutId, Order | Failure | null>()
  readonly #payments = new Map<bigint, Payment>()
  #at = 1_700_000_000_000 as Instant

  constructor() {
    super([GetProducts, GetSkus, GetAvailable, PlaceCheckout, SettleCheckout])
  }

  readonly now = (): Instant => this.#at

  pass(ms: number): void {
    this.#at = plusMs(this.#at, ms)
  }

  /** Sells and stocks SKUs: `[sku, price, pieces]`. */
  offer(...goods: readonly (readonly [sku: number, price: number, pieces: number])[]): void {
    for (const [sku, price, pieces] of goods) {
      this.products.set(sku, { id: `prod_${sku}`, name: `product ${sku}`, price })
      this.stock.set(sku, pieces)
    }
  }

  /** Billing answers again: what nobody knew is decided. */
  decide(): void {
    this.billingAnswers = true
    for (const order of this.orders) this.#pay(order)
  }

  /** How often the user's wallet was charged. */
  chargesOf(user: number): number {
    const theirs = this.orders.filter(({ userId }) => userId === BigInt(user))
    return theirs.filter(({ id }) => this.#payments.get(id)?.status === 'confirmed').length
  }

  /** The orders that a checkout has become: those that were had, and those of which nobody knew when cart was told. */
  get kept(): readonly Order[] {
    return this.placed.filter(({ id }) => {
      const payment = this.#payments.get(id)
      return payment?.status !== 'failed' || payment.toldOpen
    })
  }

  /** The orders whose stock was reserved when they were placed. */
  get placed(): readonly Order[] {
    return this.orders.filter(({ failed }) => !failed)
  }

  countOf(method: Method): number {
    return this.asked.filter((question) => question.method === method).length
  }

  protected override answer(method: Method, request: never): Result<unknown> {
    switch (method) {
      case 'GetSkus':
        return this.#skus(request)
      case 'GetProducts':
        return this.#products(request)
      case 'GetAvailable':
        return this.#available(request)
      case 'PlaceCheckout':
        return this.#place(request)
      case 'SettleCheckout':
        return this.#settle(request)
    }
  }

  #products({ skus }: RequestOf<typeof GetProducts>): Result<ReplyOf<typeof GetProducts>> {
    const sold = skus.flatMap((sku) => {
      const product = this.products.get(sku)
      return product === undefined ? [] : [{ sku, ...product }]
    })
    return ok({ products: sold })
  }

  #skus({ ids }: RequestOf<typeof GetSkus>): Result<ReplyOf<typeof GetSkus>> {
    const sold = [...this.products].flatMap(([sku, { id }]) =>
      id !== undefined && ids.includes(id) ? [{ id, sku: sku as Sku }] : [],
    )
    return ok({ products: sold })
  }

  #available({ skus }: RequestOf<typeof GetAvailable>): Result<ReplyOf<typeof GetAvailable>> {
    const stock = skus.flatMap((sku) => {
      const count = this.stock.get(sku)
      return count === undefined ? [] : [{ sku, count }]
    })
    return ok({ stock })
  }

  #place(request: RequestOf<typeof PlaceCheckout>): Result<ReplyOf<typeof PlaceCheckout>> {
    const { checkout_id, items, options, show } = request
    const known = this.#outcomes.get(checkout_id)
    if (known !== undefined) return this.#said(known, show)
    const notAfter = parseRfc3339(request.not_after)
    if (notAfter === undefined) throw new Error(`not a moment: ${request.not_after}`)
    const refusal = options && this.#refusalOf(items, options)
    if (this.now() > notAfter || refusal !== undefined) {
      this.#outcomes.set(checkout_id, refusal ?? null)
      return refusal ?? fail('checkout_expired')
    }
    const failed = items.some(({ sku, count }) => (this.stock.get(sku) ?? 0) < count)
    const userId = int64Of(request.user_id)
    const id = this.nextOrderId
    const order = { id, checkoutId: checkout_id, userId, items, failed, ...(options && { options }) }
    this.nextOrderId += 1n
    this.orders.push(order)
    this.#outcomes.set(checkout_id, order)
    if (!failed) for (const { sku, count } of items) this.stock.set(sku, (this.stock.get(sku) ?? 0) - count)
    if (!failed && options?.payment_method === 'wallet')
      this.#payments.set(id, { status: 'pending', toldOpen: false })
    this.#pay(order)
    return this.#said(order, show)
  }

  #refusalOf(items: Order['items'], { expected_total }: CheckoutOptions): Failure | undefined {
    const unknown = items.filter(({ sku }) => !this.products.has(sku)).map(({ sku }) => sku)
    if (unknown.length > 0) return fail('unknown_sku', { skus: unknown })
    const total = this.#totalOf(items)
    if (expected_total === undefined || expected_total === total.amount) return undefined
    return fail('total_changed', { total: toDecimal(total), currency: total.currency })
  }

  #totalOf(items: Order['items']) {
    const sum = items.reduce((sum, { sku, count }) => sum + count * (this.products.get(sku)?.price ?? 0), 0)
    return money(sum, defaultCurrency)
  }

  /** What the saga of the order comes to, where billing answers. */
  #pay({ id, userId, items }: Order): void {
    const payment = this.#payments.get(id)
    if (!this.billingAnswers || payment?.status !== 'pending') return
    const left = (this.wallets.get(String(userId)) ?? 0) - this.#totalOf(items).amount
    payment.status = left < 0 ? 'failed' : 'confirmed'
    if (left >= 0) return void this.wallets.set(String(userId), left)
    for (const { sku, count } of items) this.stock.set(sku, (this.stock.get(sku) ?? 0) + count)
  }

  #said(known: Order | Failure | null, show = false): Result<ReplyOf<typeof PlaceCheckout>> {
    if (known === null) return fail('checkout_expired')
    return 'error' in known ? known : this.#told(known, show)
  }

  #told(order: Order, show: boolean): Result<ReplyOf<typeof PlaceCheckout>> {
    const { id, items, failed } = order
    const order_id = int64ToJson(id)
    if (failed) {
      const shortages = items.flatMap(({ sku, count: wanted }) => {
        const available = this.stock.get(sku) ?? 0
        return available < wanted ? [{ sku, wanted, available }] : []
      })
      return fail('insufficient_stock', { order_id, shortages })
    }
    const payment = this.#payments.get(id)
    if (payment?.status === 'failed' && !payment.toldOpen) return fail('insufficient_funds', { order_id })
    if (payment?.status === 'pending') payment.toldOpen = true
    const isOpen = payment !== undefined && payment.status !== 'confirmed'
    return ok({ order_id, ...(show && { order: this.#view(order) }), ...(isOpen && { is_open: true }) })
  }

  #view({ id, userId, items, options }: Order): OrderView {
    const moment = toRfc3339(this.now())
    return {
      id: String(id),
      tenant_id: defaultTenant,
      customer_id: String(userId),
      status: this.#payments.get(id)?.status ?? 'pending',
      items: items.map(({ sku, count }) => {
        const price = money(this.products.get(sku)?.price ?? 0, defaultCurrency)
        const sums = { price: toDecimal(price), total: toDecimal(times(price, count)) }
        return { id: String(sku), sku: String(sku), quantity: count, ...sums }
      }),
      total: toDecimal(this.#totalOf(items)),
      currency: defaultCurrency,
      ...(options && { delivery: options.delivery }),
      payment_method: options?.payment_method ?? 'rpc',
      created_at: moment,
      updated_at: moment,
    }
  }

  #settle({ checkout_id, show }: RequestOf<typeof SettleCheckout>): Result<ReplyOf<typeof SettleCheckout>> {
    const known = this.#outcomes.get(checkout_id) ?? null
    this.#outcomes.set(checkout_id, known)
    if (known === null) return ok({ order_id: null, rejected: false })
    const said = this.#said(known, show)
    if (said.ok) return ok({ ...said.value, rejected: false })
    const { code, details } = said.error
    const refusal = { code, ...(details && { details: { ...details } }) }
    return ok({ order_id: null, rejected: !('error' in known), refusal })
  }
}
