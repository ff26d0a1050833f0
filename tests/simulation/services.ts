//! The services, put together of the parts that their `main.ts` names, as far as a simulated process has them.
import { accountsFacts, lomsFacts as billingHears } from '../../billing/consumers.ts'
import type { Deps as BillingDeps } from '../../billing/deps.ts'
import { settleHolds } from '../../billing/operations/settle-holds.ts'
import { rpcHandlers as billingAnswers } from '../../billing/rpc.ts'
import type { Deps as CartDeps } from '../../cart/deps.ts'
import type { UnderWay } from '../../cart/operations/checkout.ts'
import { settleCheckouts } from '../../cart/operations/settle-checkouts.ts'
import { ownCatalog } from '../../cart/products/own.ts'
import { stockOf } from '../../cart/stock.ts'
import type { Deps as CatalogDeps } from '../../catalog/deps.ts'
import { tokenCheck } from '../../catalog/domain/token.ts'
import { rpcHandlers as catalogAnswers } from '../../catalog/rpc.ts'
import { billingStream } from '../../contracts/events/billing.ts'
import { catalogStream } from '../../contracts/events/catalog.ts'
import { deliveryStream } from '../../contracts/events/delivery.ts'
import { lomsStream } from '../../contracts/events/loms.ts'
import { lomsFacts as deliveryHears } from '../../delivery/consumers.ts'
import type { Deps as DeliveryDeps } from '../../delivery/deps.ts'
import { rpcHandlers as deliveryAnswers } from '../../delivery/rpc.ts'
import { billingFacts, catalogFacts, deliveryFacts } from '../../loms/consumers.ts'
import type { SagaDeps } from '../../loms/deps.ts'
import { expireOrders } from '../../loms/operations/expire-orders.ts'
import { runSagas } from '../../loms/operations/run-sagas.ts'
import { rpcHandlers as lomsAnswers } from '../../loms/rpc.ts'
import * as notices from '../../notifier/consumers.ts'
import type { Deps as NotifierDeps } from '../../notifier/deps.ts'
import { printNotices } from '../../notifier/print-notices.ts'
import type { DeadlineTimer } from '../../runtime/timer.ts'
import { Frame, type Surroundings, type Wallets } from './frame.ts'
import type { Process, Service } from './process.ts'

export type Running = {
  readonly catalog: CatalogDeps
  readonly loms: SagaDeps
  readonly cart: CartDeps & { readonly underWay: UnderWay }
  readonly notifier: NotifierDeps
  readonly billing: BillingDeps
  readonly delivery: DeliveryDeps
}

function startCatalog(frame: Frame): CatalogDeps {
  const { process, around } = frame
  const store = frame.store(around.disks.catalog)
  const outbox = frame.outbox(catalogStream)
  const { now, newId } = process
  frame.relay(store, around.streams.CATALOG, outbox)
  frame.answer(catalogAnswers({ store }))
  return { store, now, newId, announce: outbox.announce, isToken: tokenCheck('testtoken') }
}

function startLoms(frame: Frame): SagaDeps {
  const { process, around } = frame
  const { streams, wallets } = around
  const store = frame.store(around.disks.loms)
  const outbox = frame.outbox(lomsStream)
  let clock: DeadlineTimer | undefined
  let sagaClock: DeadlineTimer | undefined
  const deps: SagaDeps = {
    store,
    now: process.now,
    newId: process.newId,
    rpc: frame.client(),
    sagaMode: wallets?.saga ?? 'orchestration',
    sagaDue: (retryAt) => sagaClock?.wake(retryAt),
    sleep: process.sleep,
    announce: outbox.announce,
    metrics: { reached: () => undefined },
    paymentWindowMs: around.paymentWindowMs,
    deadlineSet: (payBy) => clock?.wake(payBy),
  }
  frame.relay(store, streams.LOMS, outbox)
  frame.reader(store, streams.CATALOG, catalogFacts)
  if (wallets !== undefined) {
    frame.reader(store, streams.BILLING, billingFacts(deps))
    frame.reader(store, streams.DELIVERY, deliveryFacts(deps))
  }
  clock = frame.clock('expire orders', () => expireOrders(deps))
  if (wallets !== undefined) sagaClock = frame.clock('run sagas', () => runSagas(deps))
  frame.answer(lomsAnswers(deps))
  return deps
}

function startCart(frame: Frame): CartDeps & { readonly underWay: UnderWay } {
  const { process, around } = frame
  const store = frame.store(around.disks.cart)
  const { now, newId } = process
  const rpc = frame.client()
  const { checkoutWindowMs } = around
  const products = ownCatalog(rpc, process.defer)
  const deps = { store, now, newId, products, stock: stockOf(rpc, process.defer), rpc, checkoutWindowMs }
  frame.clock('settle checkouts', async () => {
    await settleCheckouts(deps)
    return undefined
  })
  return { ...deps, underWay: new Map() }
}

function startNotifier(frame: Frame): NotifierDeps {
  const { process, around, log } = frame
  const printing = printNotices(frame.store(around.disks.notifier), log)
  const { streams, wallets } = around
  const { newId } = process
  const { store } = printing
  const deps = { newId, noted: printing.noted }
  frame.reader(store, streams.LOMS, notices.lomsFacts(deps))
  if (wallets !== undefined) {
    frame.reader(store, streams.ACCOUNTS, notices.accountsFacts(deps))
    frame.reader(store, streams.BILLING, notices.billingFacts(deps))
    frame.reader(store, streams.DELIVERY, notices.deliveryFacts(deps))
  }
  return { store, newId }
}

/** Longer than any history: whatever loms does not know will not come any more. */
const unknownOrderMs = 3_600_000

function startBilling(frame: Frame): BillingDeps {
  const { process, around } = frame
  const { saga, holdLookMs } = walletsOf(around)
  const store = frame.store(around.disks.billing)
  const outbox = frame.outbox(billingStream)
  const { now, newId } = process
  const deps: BillingDeps = {
    store,
    now,
    newId,
    announce: outbox.announce,
    rpc: frame.client(),
    freeTopUp: true,
    choreography: saga === 'choreography',
    holdLookMs,
    unknownOrderMs,
  }
  frame.relay(store, around.streams.BILLING, outbox)
  frame.reader(store, around.streams.ACCOUNTS, accountsFacts(deps))
  frame.reader(store, around.streams.LOMS, billingHears(deps))
  frame.clock('settle holds', () => settleHolds(deps))
  frame.answer(billingAnswers(deps))
  return deps
}

function startDelivery(frame: Frame): DeliveryDeps {
  const { process, around } = frame
  const { saga } = walletsOf(around)
  const store = frame.store(around.disks.delivery)
  const outbox = frame.outbox(deliveryStream)
  const { announce } = outbox
  const { now, newId } = process
  const rpc = frame.client()
  const deps: DeliveryDeps = { store, now, newId, announce, rpc, choreography: saga === 'choreography' }
  frame.relay(store, around.streams.DELIVERY, outbox)
  frame.reader(store, around.streams.LOMS, deliveryHears(deps))
  frame.answer(deliveryAnswers(deps))
  return deps
}

function walletsOf({ wallets }: Surroundings): Wallets {
  if (wallets === undefined) throw new Error('a service of wallets is started where nobody has one')
  return wallets
}

const starts = {
  catalog: startCatalog,
  loms: startLoms,
  cart: startCart,
  notifier: startNotifier,
  billing: startBilling,
  delivery: startDelivery,
} as const satisfies { readonly [S in Service]: (frame: Frame) => Running[S] }

export function start<S extends Service>(
  process: Process & { service: S },
  around: Surroundings,
): Running[S] {
  const { service } = process
  // The table above ties each name to its own.
  return starts[service](new Frame(process, around)) as Running[S]
}
