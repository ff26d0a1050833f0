//! What every simulated process has, made of the parts that `main.ts` of its service names.
import { Registry } from 'prom-client'
import type { StreamDefinition } from '../../contracts/events/define.ts'
import type { SagaMode } from '../../loms/domain/saga.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Handler } from '../../runtime/messages/handler.ts'
import type { MemoryStream } from '../../runtime/messages/memory-stream.fixture.ts'
import { createOutbox, type Outbox } from '../../runtime/messages/outbox.ts'
import { startReader } from '../../runtime/messages/reader.ts'
import { startRelay } from '../../runtime/messages/relay.ts'
import type { OutboxTables, ReaderTables } from '../../runtime/messages/tables.ts'
import { type RpcClient, type RpcHandler, serveRpc } from '../../runtime/rpc.ts'
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
import type { Process } from './process.ts'
import { watchedStore } from './store.ts'
import type { StreamName, Weather } from './weather.ts'

export type Streams = { readonly [N in StreamName]: MemoryStream }

/** What every process of a history finds around it. */
export type Surroundings = {
  readonly disks: Disks
  readonly bus: Bus
  readonly weather: Weather
  readonly streams: Streams
  readonly paymentWindowMs: number
  readonly checkoutWindowMs: number
  /** Undefined where nobody has a wallet. */
  readonly wallets: Wallets | undefined
  /** What is wrong with this shop, where something was made wrong on purpose. */
  readonly planted: Planted
  readonly onBug: (words: string) => void
}

/** How this shop sells from wallets. */
export type Wallets = { readonly saga: SagaMode; readonly holdLookMs: number }

/** One process with what all of them have. */
export class Frame {
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

  client(): RpcClient {
    const { process, around, log } = this
    return clientOf(process, around.bus.natsOf(process), log)
  }

  answer(asked: readonly RpcHandler[]): void {
    const { process, log, registry, around } = this
    const { service, now, newId } = process
    const handlers = around.planted.answers?.(asked, process) ?? asked
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
