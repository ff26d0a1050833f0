//! For tests: catalog and loms as cart sees them. Every question and every answer is checked against the contract.
import { Value } from '@sinclair/typebox/value'
import { fail, ok, type Result } from '../contracts/errors.ts'
import type { CheckoutId, Sku } from '../contracts/ids.ts'
import { GetProducts } from '../contracts/rpc/catalog.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { GetAvailable, PlaceCheckout, SettleCheckout } from '../contracts/rpc/loms.ts'
import { int64Of, int64ToJson } from '../contracts/scalars.ts'
import { type Instant, parseRfc3339, plusMs } from '../contracts/time.ts'
import type { RpcClient } from '../runtime/rpc.ts'

/**
 * What becomes of a question: it is answered; it does not arrive; it is lost on the way, or its answer is, and nobody
 * knows which; or whoever asks dies, before the question has arrived or after it was carried out.
 */
export type Fate =
  | 'answered'
  | 'away'
  | 'question lost'
  | 'answer lost'
  | 'asker dies before'
  | 'asker dies after'
export type Method = 'GetProducts' | 'GetAvailable' | 'PlaceCheckout' | 'SettleCheckout'

export type Order = {
  readonly id: bigint
  readonly checkoutId: CheckoutId
  readonly userId: bigint
  readonly items: readonly { readonly sku: Sku; readonly count: number }[]
  readonly failed: boolean
}

/** As far as the store is concerned, what fails here is as dead as a process: it writes nothing more. */
export class AskerDied extends Error {}

const methods: readonly RpcMethod[] = [GetProducts, GetAvailable, PlaceCheckout, SettleCheckout]

/** One for all carts of a test: what they ask is remembered here, and so is every order. */
export class Others implements RpcClient {
  /** What is sold: name and price by SKU. */
  readonly products = new Map<number, { name: string; price: number }>()
  /** What can be bought; a SKU that is absent was never in stock. */
  readonly stock = new Map<number, number>()
  readonly orders: Order[] = []
  readonly asked: { readonly method: Method; readonly request: Record<string, unknown> }[] = []
  nextOrderId = 1n
  fateOf: (method: Method) => Fate = () => 'answered'
  /** Awaited while the question is on its way. */
  meanwhile: (method: Method) => Promise<unknown> = async () => undefined
  /** Of each checkout that has an outcome; null where there will be no order. */
  readonly #outcomes = new Map<CheckoutId, Order | null>()
  #at = 1_700_000_000_000 as Instant

  readonly now = (): Instant => this.#at

  pass(ms: number): void {
    this.#at = plusMs(this.#at, ms)
  }

  /** Sells and stocks SKUs: `[sku, price, pieces]`. */
  offer(...goods: readonly (readonly [sku: number, price: number, pieces: number])[]): void {
    for (const [sku, price, pieces] of goods) {
      this.products.set(sku, { name: `product ${sku}`, price })
      this.stock.set(sku, pieces)
    }
  }

  /** The orders that hold stock. */
  get placed(): readonly Order[] {
    return this.orders.filter(({ failed }) => !failed)
  }

  countOf(method: Method): number {
    return this.asked.filter((question) => question.method === method).length
  }

  async ask<M extends RpcMethod>(method: M, _: unknown, request: RequestOf<M>): Promise<Result<ReplyOf<M>>> {
    const known = methods.find(({ subject }) => subject === method.subject)
    // What is not JSON does not get through. Typed as what suits every method, once its schema has let it pass.
    const arrived = JSON.parse(JSON.stringify(request)) as never
    if (known === undefined || !Value.Check(known.request, arrived))
      throw new Error(`not a question: ${method.subject} ${JSON.stringify(arrived)}`)
    const name = method.method as Method
    this.asked.push({ method: name, request: arrived })
    await this.meanwhile(name)
    const fate = this.fateOf(name)
    if (fate === 'asker dies before') throw new AskerDied()
    if (fate === 'away') return fail('unavailable')
    if (fate === 'question lost') return fail('deadline_exceeded')
    const answer = this.#answer(name, arrived)
    if (answer.ok && !Value.Check(known.reply, answer.value))
      throw new Error(`not an answer: ${method.subject} ${JSON.stringify(answer.value)}`)
    if (fate === 'answer lost') return fail('deadline_exceeded')
    if (fate === 'asker dies after') throw new AskerDied()
    return answer as Result<ReplyOf<M>>
  }

  #answer(method: Method, request: never): Result<unknown> {
    switch (method) {
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

  #available({ skus }: RequestOf<typeof GetAvailable>): Result<ReplyOf<typeof GetAvailable>> {
    const stock = skus.flatMap((sku) => {
      const count = this.stock.get(sku)
      return count === undefined ? [] : [{ sku, count }]
    })
    return ok({ stock })
  }

  #place(request: RequestOf<typeof PlaceCheckout>): Result<ReplyOf<typeof PlaceCheckout>> {
    const { checkout_id, items } = request
    const known = this.#outcomes.get(checkout_id)
    if (known !== undefined) return known === null ? fail('checkout_expired') : this.#told(known)
    const notAfter = parseRfc3339(request.not_after)
    if (notAfter === undefined) throw new Error(`not a moment: ${request.not_after}`)
    if (this.now() > notAfter) {
      this.#outcomes.set(checkout_id, null)
      return fail('checkout_expired')
    }
    const failed = items.some(({ sku, count }) => (this.stock.get(sku) ?? 0) < count)
    const userId = int64Of(request.user_id)
    const order = { id: this.nextOrderId, checkoutId: checkout_id, userId, items, failed }
    this.nextOrderId += 1n
    this.orders.push(order)
    this.#outcomes.set(checkout_id, order)
    if (!failed) for (const { sku, count } of items) this.stock.set(sku, (this.stock.get(sku) ?? 0) - count)
    return this.#told(order)
  }

  #told({ id, items, failed }: Order): Result<ReplyOf<typeof PlaceCheckout>> {
    const order_id = int64ToJson(id)
    if (!failed) return ok({ order_id })
    const shortages = items.flatMap(({ sku, count: wanted }) => {
      const available = this.stock.get(sku) ?? 0
      return available < wanted ? [{ sku, wanted, available }] : []
    })
    return fail('insufficient_stock', { order_id, shortages })
  }

  #settle({ checkout_id }: RequestOf<typeof SettleCheckout>): Result<ReplyOf<typeof SettleCheckout>> {
    const order = this.#outcomes.get(checkout_id) ?? null
    this.#outcomes.set(checkout_id, order)
    if (order === null) return ok({ order_id: null, rejected: false })
    return ok({ order_id: order.failed ? null : int64ToJson(order.id), rejected: order.failed })
  }
}
