//! The process of loms: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { catalogStream } from '../contracts/events/catalog.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { keyPruning } from '../runtime/idempotency-pruning.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { serveDeadLetters } from '../runtime/messages/admin.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { startReader } from '../runtime/messages/reader.ts'
import { startRelay } from '../runtime/messages/relay.ts'
import { serveRpc } from '../runtime/rpc.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { openStore } from '../runtime/store/open.ts'
import { type DeadlineTimer, deadlineTimer } from '../runtime/timer.ts'
import { loadConfig } from './config.ts'
import { catalogFacts } from './consumers.ts'
import type { Deps } from './deps.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import { orderMetrics } from './metrics.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { rpcHandlers } from './rpc.ts'
import { schema } from './store/schema.ts'

const config = orExit('loms', () => loadConfig(process.env))
const frame = serviceFrame('loms', config)
const { log, registry, now, newId } = frame

await runService({
  name: 'loms',
  log,
  parts: async (part) => {
    const store = await part(
      'store',
      () =>
        openStore(config.databaseUrl, {
          ...frame.storeOptions,
          schema,
          migrations: join(import.meta.dir, 'store/migrations'),
        }),
      (store) => store.close(),
    )
    const nats = await part('nats', frame.connect, (nats) => nats.close())
    const outbox = createOutbox({ stream: lomsStream, now, newId })
    let clock: DeadlineTimer | undefined
    const deps: Deps = {
      store,
      now,
      announce: outbox.announce,
      metrics: orderMetrics(registry),
      paymentWindowMs: config.paymentWindowMs,
      deadlineSet: (payBy) => clock?.wake(payBy),
    }
    await part(
      'relay',
      () =>
        startRelay({
          store,
          stream: jetStream({ nats, stream: lomsStream }),
          outbox,
          now,
          log,
          registry,
          lease: frame.lease(store, 'relay'),
        }),
      (relay) => relay.stop(),
    )
    await part(
      'reader of catalog',
      () =>
        startReader({
          store,
          stream: jetStream({ nats, stream: catalogStream }),
          handlers: catalogFacts,
          now,
          log,
          registry,
          lease: frame.lease(store, 'reader:catalog'),
        }),
      (reader) => reader.stop(),
    )
    await part(
      'dead letters',
      () =>
        serveDeadLetters({
          service: 'loms',
          nats,
          store,
          readers: { [catalogStream.name]: catalogFacts },
          log,
        }),
      (admin) => admin.stop(),
    )
    clock = await part(
      'clock',
      () => deadlineTimer({ name: 'expire orders', run: () => expireOrders(deps), now, log }),
      (clock) => clock.close(),
    )
    await part(
      'pruning of idempotency keys',
      () => keyPruning(store, now, log),
      (timer) => timer.close(),
    )
    await part(
      'rpc',
      () =>
        serveRpc({
          nats,
          service: 'loms',
          handlers: rpcHandlers(deps),
          log,
          registry,
          now,
          newId,
          inFlightMax: config.inFlightMax,
          idempotencySecret: config.idempotencySecret,
        }),
      (rpc) => rpc.close(),
    )
    await part(
      'grpc',
      () => frame.grpc([grpc(deps)], { store }),
      (server) => server.close(graceMs),
    )
    await part(
      'http',
      () =>
        http(deps, frame.http({ description: 'Orders, stock and reservations.' }, { store, nats })).listen({
          host: config.host,
          port: config.httpPort,
        }),
      (listening) => listening.close(graceMs),
    )
  },
})
