//! Every fact loms listens to, and the operation each one calls.
import { ok } from '../contracts/errors.ts'
import { PaymentCompleted, WalletHeld, WalletRefused } from '../contracts/events/billing.ts'
import { ProductChanged } from '../contracts/events/catalog.ts'
import type { DataOf } from '../contracts/events/define.ts'
import { ShipmentUpdated } from '../contracts/events/delivery.ts'
import type { TenantId } from '../contracts/ids.ts'
import { orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { type Handler, on } from '../runtime/messages/handler.ts'
import type { Deps } from './deps.ts'
import type { Order } from './domain/order.ts'
import type { News } from './domain/saga.ts'
import { recordPayment } from './operations/record-payment.ts'
import { recordProduct } from './operations/record-product.ts'
import { recordShipment } from './operations/record-shipment.ts'
import { takeNews } from './operations/take-news.ts'
import { type Saga, sagaOf } from './store/sagas.ts'
import type { Tables, Tx } from './store/schema.ts'

export const catalogFacts = [
  on<Tables, typeof ProductChanged>(ProductChanged, (tx, { data }) => recordProduct(tx, data)),
]

export type FactDeps = Deps & {
  /** Told of every order that a fact brings to a status, by the body that does; nobody counts them where it is left out. */
  readonly reached?: (tx: Tx, order: Order) => void
}

/** What became of the money. Of that which a saga asked for, in choreography; in orchestration the answer was faster. */
export const billingFacts = (deps: FactDeps): Handler<Tables>[] => {
  const news = (event: typeof WalletHeld | typeof WalletRefused, what: News) =>
    on<Tables, typeof event>(event, async (tx, { data, traceparent = '' }) => {
      const [tenantId, orderId] = [data.tenant_id as TenantId, orderIdOf(data.order_id)]
      const saga = await sagaOf(tx, { tenantId, orderId })
      if (saga === undefined || !isItsMoney(saga, data)) return ok(undefined)
      const { changed } = await takeNews(tx, deps, { tenantId, traceparent }, orderId, what)
      if (changed !== undefined) deps.reached?.(tx, changed)
      return ok(undefined)
    })
  return [
    news(WalletHeld, { kind: 'held' }),
    news(WalletRefused, { kind: 'refused', reason: 'insufficient_funds' }),
    on<Tables, typeof PaymentCompleted>(PaymentCompleted, async (tx, fact) => {
      const { reply, order } = await recordPayment(tx, deps, fact)
      if (order !== undefined) deps.reached?.(tx, order)
      return reply
    }),
  ]
}

/** Whether it is about what the saga waits for: under the order's number something else may have been asked for. */
const isItsMoney = (saga: Saga, data: DataOf<typeof WalletHeld>): boolean =>
  saga.userId === userIdOf(data.user_id) && saga.amount === data.amount && saga.currency === data.currency

export const deliveryFacts = (deps: FactDeps): Handler<Tables>[] => [
  on<Tables, typeof ShipmentUpdated>(ShipmentUpdated, async (tx, { data, traceparent }) => {
    for (const order of await recordShipment(tx, deps, { data, traceparent })) deps.reached?.(tx, order)
    return ok(undefined)
  }),
]
