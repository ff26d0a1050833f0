//! The four services, put together of the parts that their `main.ts` names, as far as a simulated process has them.
import { Registry } from 'prom-client'
import type { Deps as CartDeps } from '../../cart/deps.ts'
import type { UnderWay } from '../../cart/operations/checkout.ts'
import { settleCheckouts } from '../../cart/operations/settle-checkouts.ts'
import { ownCatalog } from '../../cart/products/own.ts'
import { stockOf } from '../../cart/stock.ts'
import type { Deps as CatalogDeps } from '../../catalog/deps.ts'
import { tokenCheck } from '../../catalog/domain/token.ts'
import { rpcHandlers as catalogAnswers } from '../../catalog/rpc.ts'
import { catalogStream } from '../../contracts/events/catalog.ts'
import type { StreamDefinition } from '../../contracts/events/define.ts'
import { lomsStream } from '../../contracts/events/loms.ts'
import { catalogFacts } from '../../loms/consumers.ts'
import type { Deps as LomsDeps } from '../../loms/deps.ts'
import { expireOrders } from '../../loms/operations/expire-orders.ts'
import { rpcHandlers as lomsAnswers } from '../../loms/rpc.ts'
import { lomsFacts } from '../../notifier/consumers.ts'
import type { Deps as NotifierDeps } from '../../notifier/deps.ts'
import { printNotices } from '../../notifier/print-notices.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Handler } from '../../runtime/messages/handler.ts'
import type { MemoryStream } from '../../runtime/messages/memory-stream.fixture.ts'
import { createOutbox, type Outbox } from '../../runtime/messages/outbox.ts'
import { startReader } from '../../runtime/messages/reader.ts'
import { startRelay } from '../../runtime/messages/relay.ts'
import type { OutboxTables, ReaderTables } from '../../runtime/messages/tables.ts'
import { type RpcHandler, serveRpc } from '../../runtime/rpc.ts'
import type { Connection } from '../../runtime/store/sqlite.ts'
import type { Store } from '../../runtime/store/store.ts'
import { type DeadlineTimer, deadlineTimer } from '../../runtime/timer.ts'
import { clientOf } from './ask.ts'
import type { Bus } from './bus.ts'
import type { Disks } from './disks.ts'
import { traced } from './effects.ts'
import { StreamLink } from './link.ts'
import { logOf } from './log.ts'
import type { Planted } from './planted/planted.ts'
import type { Process, Service } from './process.ts'
import { watchedStore } from './store.ts'
import type { Weather } from './weather.ts'

export type Streams = { readonly CATALOG: MemoryStream; readonly LOMS: MemoryStream }

/** What every process of a history finds around it. */
export type Surroundings = {
  readonly disks: Disks
  readonly bus: Bus
  readonly weather: Weather
  readonly streams: Streams
  readonly paymentWindowMs: number
  readonly checkoutWindowMs: number
  /** What is wrong with this shop, where something was made wrong on purpose. */
  readonly planted: Planted
  readonly onBug: (words: string) => void
}

export type Running = {
  readonly catalog: CatalogDeps
  readonly loms: LomsDeps
  readonly cart: CartDeps & { readonly underWay: UnderWay }
  readonly notifier: NotifierDeps
}

/** One process with what all of them have. */
class Frame {
  readonly log: Logger
  readonly registry = new Registry()
  readonly process: Process
  readonly around: Surroundings

  constructor(process: Process, around: Surroundings) {
    this.process = process
    this.around = around
    this.log = logOf(process, around.onBug)
  }

  store<T>(disk: Connection<T>): Store<T> {
    return watchedStore(this.process, disk, this.around.planted.meddle)
  }

  outbox(stream: StreamDefinition): Outbox {
    const { process, around } = this
    const { now, newId, defer } = process
    const outbox = createOutbox({ stream, now, newId, defer })
    const announce = around.planted.announce?.(outbox.announce, around, process) ?? outbox.announce
    return { ...outbox, announce }
  }

  relay(store: Store<OutboxTables>, stream: MemoryStream, outbox: Outbox): void {
    const { process, log, registry, around } = this
    const { now, random, setTimer } = process
    const link = new StreamLink(process, stream, around.weather)
    const start = around.planted.startRelay ?? startRelay
    start({ store, stream: link, outbox, now, log, registry, random, setTimer })
  }

  reader<T extends ReaderTables>(
    store: Store<T>,
    stream: MemoryStream,
    handlers: readonly Handler<T>[],
  ): void {
    const { process, log, registry, around } = this
    const { now, random, setTimer } = process
    const link = new StreamLink(process, stream, around.weather)
    startReader({
      store,
      stream: link,
      handlers: traced(handlers),
      now,
      log,
      registry,
      random,
      setTimer,
    })
  }

  clock(name: string, run: Parameters<typeof deadlineTimer>[0]['run']): DeadlineTimer {
    const { log, process } = this
    return deadlineTimer({ name, run, now: process.now, log, setTimer: process.setTimer })
  }

  answer(handlers: readonly RpcHandler[]): void {
    const { process, log, registry, around } = this
    const { service, now, newId } = process
    const nats = around.bus.natsOf(process)
    serveRpc({
      nats,
      service,
      handlers,
      log,
      registry,
      now,
      newId,
      inFlightMax: 1_000,
      idempotencySecret: 'of the simulation',
    })
  }
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

function startLoms(frame: Frame): LomsDeps {
  const { process, around } = frame
  const store = frame.store(around.disks.loms)
  const outbox = frame.outbox(lomsStream)
  let clock: DeadlineTimer | undefined
  const deps: LomsDeps = {
    store,
    now: process.now,
    announce: outbox.announce,
    metrics: { reached: () => undefined },
    paymentWindowMs: around.paymentWindowMs,
    deadlineSet: (payBy) => clock?.wake(payBy),
  }
  frame.relay(store, around.streams.LOMS, outbox)
  frame.reader(store, around.streams.CATALOG, catalogFacts)
  clock = frame.clock('expire orders', () => expireOrders(deps))
  frame.answer(lomsAnswers(deps))
  return deps
}

function startCart(frame: Frame): CartDeps & { readonly underWay: UnderWay } {
  const { process, around, log } = frame
  const store = frame.store(around.disks.cart)
  const { now, newId } = process
  const rpc = clientOf(process, around.bus.natsOf(process), log)
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
  const { newId } = process
  frame.reader(printing.store, around.streams.LOMS, lomsFacts({ newId, noted: printing.noted }))
  return { store: printing.store, newId }
}

const starts = {
  catalog: startCatalog,
  loms: startLoms,
  cart: startCart,
  notifier: startNotifier,
} as const satisfies { readonly [S in Service]: (frame: Frame) => Running[S] }

export function start<S extends Service>(
  process: Process & { service: S },
  around: Surroundings,
): Running[S] {
  const { service } = process
  // The table above ties each name to its own.
  return starts[service](new Frame(process, around)) as Running[S]
}
