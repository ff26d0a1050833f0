//! The parts that most services have: each is named, started with what its process has, and stopped in good order.
import { join } from 'node:path'
import type { StreamDefinition } from '../contracts/events/define.ts'
import type { Common } from './config.ts'
import type { GrpcService } from './grpc.ts'
import type { Http } from './http.ts'
import type { IdempotencyTables } from './idempotency.ts'
import { keyPruning } from './idempotency-pruning.ts'
import type { StartPart } from './lifecycle.ts'
import { serveDeadLetters } from './messages/admin.ts'
import type { Handler } from './messages/handler.ts'
import { jetStream } from './messages/jetstream.ts'
import type { Outbox } from './messages/outbox.ts'
import { startReader } from './messages/reader.ts'
import { startRelay } from './messages/relay.ts'
import type { OutboxTables, ReaderTables } from './messages/tables.ts'
import type { Nats } from './nats.ts'
import { type RpcHandler, serveRpc } from './rpc.ts'
import type { Frame } from './service.ts'
import { openStore } from './store/open.ts'
import type { Schema, Store } from './store/store.ts'
import { type DeadlineTimer, type DeadlineTimerOptions, deadlineTimer } from './timer.ts'

/** How long a door waits for what still runs when the process is told to stop. */
const graceMs = 5_000

export type PartsOptions = {
  readonly service: string
  readonly config: Common
  readonly frame: Frame
  readonly part: StartPart
}

export type Heard<T extends ReaderTables> = {
  readonly stream: StreamDefinition
  readonly handlers: readonly Handler<T>[]
}

export type Parts = ReturnType<typeof partsOf>

/** To be called in the order in which the parts need one another; they stop in the reverse. */
export function partsOf({ service, config, frame, part }: PartsOptions) {
  const { log, registry, now, newId } = frame
  const own = { log, registry, now }
  return {
    /** The service's database: `folder` has its migrations under `store/migrations`. */
    store: <T>(schema: Schema<T>, folder: string): Promise<Store<T>> =>
      part(
        'store',
        () =>
          openStore(config.databaseUrl, {
            ...frame.storeOptions,
            schema,
            migrations: join(folder, 'store/migrations'),
          }),
        (store) => store.close(),
      ),

    nats: (): Promise<Nats> => part('nats', frame.connect, (nats) => nats.close()),

    /** Sends what the outbox has to the service's own stream. */
    relay: (store: Store<OutboxTables>, nats: Nats, stream: StreamDefinition, outbox: Outbox) =>
      part(
        'relay',
        () =>
          startRelay({
            ...own,
            store,
            stream: jetStream({ nats, stream }),
            outbox,
            lease: frame.lease(store, 'relay'),
          }),
        (relay) => relay.stop(),
      ),

    /** A reader of each stream, and what settles the dead letters of all of them. */
    async readers<T extends ReaderTables>(
      store: Store<T>,
      nats: Nats,
      heard: readonly Heard<T>[],
    ): Promise<void> {
      for (const { stream, handlers } of heard)
        await part(
          `reader of ${stream.service}`,
          () =>
            startReader({
              ...own,
              store,
              stream: jetStream({ nats, stream }),
              handlers,
              lease: frame.lease(store, `reader:${stream.service}`),
            }),
          (reader) => reader.stop(),
        )
      const readers = Object.fromEntries(heard.map(({ stream, handlers }) => [stream.name, handlers]))
      await part(
        'dead letters',
        () => serveDeadLetters({ service, nats, store, readers, log }),
        (admin) => admin.stop(),
      )
    },

    /** Does what is due at its moment; the timer's own name is the part's. */
    clock: (options: Pick<DeadlineTimerOptions, 'name' | 'run' | 'atLeastEveryMs'>): Promise<DeadlineTimer> =>
      part(
        options.name,
        () => deadlineTimer({ ...options, now, log }),
        (clock) => clock.close(),
      ),

    keyPruning: (store: Store<IdempotencyTables>) =>
      part(
        'pruning of idempotency keys',
        () => keyPruning(store, now, log),
        (timer) => timer.close(),
      ),

    /** The questions of other services. */
    rpc: (nats: Nats, handlers: readonly RpcHandler[]) =>
      part(
        'rpc',
        () => {
          const { inFlightMax, idempotencySecret } = config
          return serveRpc({ ...own, newId, nats, service, handlers, inFlightMax, idempotencySecret })
        },
        (rpc) => rpc.close(),
      ),

    grpc: (store: Store<unknown>, services: readonly GrpcService[]) =>
      part(
        'grpc',
        () => frame.grpc(services, { store }),
        (server) => server.close(graceMs),
      ),

    /** The HTTP door; `first` is done before it closes, so that nothing keeps it open. */
    http: (open: () => Http, first: () => void = () => undefined) =>
      part(
        'http',
        () => open().listen({ host: config.host, port: config.httpPort }),
        (listening) => {
          first()
          return listening.close(graceMs)
        },
      ),
  }
}
