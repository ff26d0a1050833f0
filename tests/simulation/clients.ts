//! Who asks the shop for something, and remembers what was asked, what was answered, and what was never heard of again.
import { chargeOrder } from '../../billing/operations/charge-order.ts'
import { getAccount } from '../../billing/operations/get-account.ts'
import { topUp } from '../../billing/operations/top-up.ts'
import { addItem } from '../../cart/operations/add-item.ts'
import { checkout } from '../../cart/operations/checkout.ts'
import { clearCart } from '../../cart/operations/clear-cart.ts'
import { deleteItem } from '../../cart/operations/delete-item.ts'
import { putProduct } from '../../catalog/operations/put-product.ts'
import { withdrawProduct } from '../../catalog/operations/withdraw-product.ts'
import { errorEntry, fail, ok, type Result } from '../../contracts/errors.ts'
import { defaultTenant, type OrderId, type Sku, type UserId, type WarehouseId } from '../../contracts/ids.ts'
import { defaultCurrency, money } from '../../contracts/money.ts'
import type { Delivery } from '../../contracts/rpc/delivery.ts'
import { GetOrderState } from '../../contracts/rpc/loms.ts'
import { userIdOf } from '../../contracts/scalars.ts'
import { plusMs } from '../../contracts/time.ts'
import { receive } from '../../delivery/domain/shipment.ts'
import { sendShipment } from '../../delivery/operations/send-shipment.ts'
import { stepShipment } from '../../delivery/operations/step-shipment.ts'
import { callOff } from '../../loms/domain/order.ts'
import { cancelOrder } from '../../loms/operations/cancel-order.ts'
import { createOrder } from '../../loms/operations/create-order.ts'
import { orderByWallet } from '../../loms/operations/order-by-wallet.ts'
import { payOrder } from '../../loms/operations/pay-order.ts'
import { receiveStock } from '../../loms/operations/receive-stock.ts'
import { stepOrder } from '../../loms/operations/step-order.ts'
import type { Call } from '../../runtime/call.ts'
import { Refusal } from '../../runtime/refusal.ts'
import type { Process, Service } from './process.ts'
import type { Running } from './services.ts'
import type { Shop } from './shop.ts'
import type { Request, Where } from './steps.ts'

/** One request and what came of it; without an answer nobody knows whether it was carried out. */
export type Told = {
  readonly request: Request
  /** Who would know a repeat of it: key and route; undefined where there is no key. */
  readonly name: string | undefined
  answer: Result<unknown> | undefined
}

const userOf = (user: number) => BigInt(user) as UserId
const orderOf = (order: number) => BigInt(order) as OrderId
const skuOf = (sku: number) => sku as Sku

const serviceOf = {
  add: 'cart',
  delete: 'cart',
  clear: 'cart',
  checkout: 'cart',
  create: 'loms',
  pay: 'loms',
  cancel: 'loms',
  price: 'catalog',
  withdraw: 'catalog',
  restock: 'loms',
  'top up': 'billing',
  buy: 'loms',
  'call off': 'loms',
  charge: 'billing',
  send: 'delivery',
  receive: 'delivery',
  look: 'billing',
} as const satisfies Record<Request['do'], Service>

type Ask<R extends Request> = (
  deps: Running[(typeof serviceOf)[R['do']]],
  call: Call,
  request: R,
) => Promise<Result<unknown>>
export type Doors = { readonly [D in Request['do']]: Ask<Extract<Request, { do: D }>> }

/** What each request calls, as the doors of the services do. */
export const doors: Doors = {
  add: (deps, call, { user, sku, count }) =>
    addItem(deps, call, { userId: userOf(user), sku: skuOf(sku), quantity: count }),
  delete: (deps, call, { user, sku, count }) =>
    deleteItem(deps, call, {
      userId: userOf(user),
      sku: skuOf(sku),
      ...(count === undefined ? {} : { quantity: count }),
    }),
  clear: (deps, call, { user }) => clearCart(deps, call, { userId: userOf(user) }),
  checkout: (deps, call, { user, to }) =>
    checkout(deps, call, {
      userId: userOf(user),
      ...(to !== undefined && { options: { delivery: deliveries[to], paymentMethod: 'wallet' } }),
    }),
  create: (deps, call, { user, items }) =>
    createOrder(deps, call, {
      userId: userOf(user),
      items: items.map(({ sku, count }) => ({ sku: skuOf(sku), quantity: count })),
    }),
  pay: (deps, call, { order }) => payOrder(deps, call, { orderId: orderOf(order) }),
  cancel: (deps, call, { order }) => cancelOrder(deps, call, { orderId: orderOf(order), reason: 'customer' }),
  price: (deps, call, { sku, price }) =>
    putProduct(deps, call, {
      sku: skuOf(sku),
      name: `SKU ${sku}`,
      description: '',
      category: 'simulated',
      price: money(price, 'UAH'),
      weightGrams: 1,
      image: undefined,
    }),
  withdraw: (deps, call, { sku }) => withdrawProduct(deps, call, { sku: skuOf(sku) }),
  restock: async (deps, call, { warehouse, sku, count }) => {
    await receiveStock(deps, {
      tenantId: call.tenantId,
      warehouse: { id: BigInt(warehouse) as WarehouseId, name: `Warehouse ${warehouse}` },
      kind: 'restock',
      reason: null,
      lines: [{ sku: skuOf(sku), quantity: count }],
    })
    return ok(undefined)
  },
  'top up': (deps, call, { user, amount }) =>
    topUp(deps, call, { userId: userOf(user), amount: money(amount, defaultCurrency) }),
  buy: (deps, call, { user, items, to }) =>
    orderByWallet(deps, call, {
      userId: userOf(user),
      items: items.map(({ sku, count }) => ({ sku: skuOf(sku), quantity: count })),
      details: { delivery: deliveries[to], shippingAddress: null, billingAddress: null, notes: null },
    }),
  'call off': (deps, call, { order }) =>
    stepOrder(deps, call, {
      orderId: orderOf(order),
      decide: (order) => callOff(order, 'customer', deps.now()),
    }),
  charge: async (deps, call, { order }) => {
    const state = await deps.rpc.ask(GetOrderState, call, { order_id: order })
    if (!state.ok && state.error.code !== 'order_not_found') return state
    // What nobody knows of, or what costs nothing, is asked for all the same, and refused.
    const { user_id = 1, total } = state.ok ? state.value : {}
    const amount = money(total || 1, defaultCurrency)
    return await chargeOrder(deps, call, { orderId: orderOf(order), userId: userIdOf(user_id), amount })
  },
  send: (deps, call, { order }) => sendShipment(deps, call, { orderId: orderOf(order) }),
  receive: (deps, call, { order }) =>
    stepShipment(deps, call, {
      orderId: orderOf(order),
      decide: (shipment) => receive(shipment, deps.now()),
    }),
  look: (deps, call, { user }) => getAccount(deps, call, { userId: userOf(user) }),
}

const deliveries: Readonly<Record<Where, Delivery>> = {
  'pick-up': { method: 'pickup' },
  courier: {
    method: 'courier',
    address: { city: 'Kyiv', address: 'Khreshchatyk 1', phone: '+380991234567' },
  },
  nowhere: { method: 'courier' },
}

/** False where the same key may still be answered otherwise: "not now" is no answer, and "we shall see" is none. */
export const isFinal = (answer: Result<unknown> | undefined): answer is Result<unknown> => {
  if (answer === undefined) return false
  if (answer.ok) return !isOpen(answer.value)
  const { kind } = errorEntry(answer.error.code)
  return !['unavailable', 'resource_exhausted', 'deadline_exceeded', 'internal', 'aborted'].includes(kind)
}

/** An order that may yet come to nothing. Of a checkout that is the answer for good: the cart has let go of its lines. */
const isOpen = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !('orderId' in value) &&
  'isOpen' in value &&
  value.isOpen === true

export const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? String(each) : each)) ?? ''

export class Clients {
  readonly told: Told[] = []
  readonly #shop: Shop
  readonly #doors: Doors
  readonly #onBug: (words: string) => void
  #requests = 0

  constructor(shop: Shop, doors: Doors, onBug: (words: string) => void) {
    this.#shop = shop
    this.#doors = doors
    this.#onBug = onBug
  }

  /** Asks, and goes on at once. Nothing is remembered where the connection is refused: it was not carried out. */
  ask(request: Request): Told | undefined {
    const up = this.#shop.up(serviceOf[request.do])
    if (up === undefined) return undefined
    const told: Told = { request, name: nameOf(request), answer: undefined }
    this.told.push(told)
    this.#send(up, told)
    return told
  }

  /** Asks as if it were the first time; nobody remembers that it was not. */
  repeat(told: Told): void {
    const up = this.#shop.up(serviceOf[told.request.do])
    if (up !== undefined) this.#send(up, told)
  }

  #send({ process, deps }: NonNullable<ReturnType<Shop['up']>>, told: Told): void {
    const { request } = told
    const heard = (answer: Result<unknown>) => {
      if (!process.passes('before the customer is answered')) return
      told.answer = answer
      const { world } = this.#shop
      world.note(textOf(answer))
      if (world.isWatched) world.say(`${request.do}: ${textOf(answer)}`)
    }
    // Each request goes to the door of its own kind, with what that service is handed.
    const door = this.#doors[request.do] as unknown as Ask<Request>
    door(deps as Parameters<Ask<Request>>[0], this.#callOf(process, request), request).then(
      heard,
      (error) => {
        if (error instanceof Refusal) heard(fail(error.error.code))
        else if (process.isAlive) this.#onBug(`${request.do} threw ${error}`)
      },
    )
  }

  #callOf({ now, service }: Process, request: Request): Call {
    this.#requests += 1
    const { do: route, ...body } = request
    return {
      tenantId: defaultTenant,
      caller: 'service',
      requestId: `req_${this.#requests}`,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      deadlineAt: plusMs(now(), 10_000),
      ...('key' in request &&
        request.key !== undefined && {
          idempotency: {
            key: String(request.key),
            scope: `service ${service} ${route}`,
            fingerprint: textOf(body),
          },
        }),
    }
  }
}

/** Two requests of one name are the same request. */
function nameOf(request: Request): string | undefined {
  return 'key' in request && request.key !== undefined ? textOf(request) : undefined
}
