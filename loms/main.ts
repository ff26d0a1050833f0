//! The process of loms: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { billingStream } from '../contracts/events/billing.ts'
import { catalogStream } from '../contracts/events/catalog.ts'
import { deliveryStream } from '../contracts/events/delivery.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { keyPruning } from '../runtime/idempotency-pruning.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { serveDeadLetters } from '../runtime/messages/admin.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { startReader } from '../runtime/messages/reader.ts'
import { startRelay } from '../runtime/messages/relay.ts'
import { rpcClient, serveRpc } from '../runtime/rpc.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { committing } from '../runtime/store/after-commit.ts'
import { openStore } from '../runtime/store/open.ts'
import { type DeadlineTimer, deadlineTimer } from '../runtime/timer.ts'
import { loadConfig } from './config.ts'
import { billingFacts, catalogFacts, deliveryFacts, type FactDeps } from './consumers.ts'
import type { SagaDeps } from './deps.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import { orderMetrics } from './metrics.ts'
import { expireOrders } from './operations/expire-orders.ts'
import { runSagas } from './operations/run-sagas.ts'
import { wakeSagas } from './operations/wake-sagas.ts'
import { rpcHandlers } from './rpc.ts'
import { schema, type Tables } from './store/schema.ts'

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
    let sagaClock: DeadlineTimer | undefined
    const deps: SagaDeps = {
      store,
      now,
      newId,
      rpc: rpcClient({ nats, log, registry, now }),
      sagaMode: config.sagaMode,
      sagaDue: (retryAt) => sagaClock?.wake(retryAt),
      sleep: Bun.sleep,
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
    const counting = committing<Tables>(store)
    const factDeps: FactDeps = {
      ...deps,
      reached: (tx, order) => counting.afterCommit(tx, () => deps.metrics.reached(order)),
    }
    const heard = [
      { stream: catalogStream, handlers: catalogFacts },
      { stream: billingStream, handlers: billingFacts(factDeps) },
      { stream: deliveryStream, handlers: deliveryFacts(factDeps) },
    ]
    for (const { stream, handlers } of heard)
      await part(
        `reader of ${stream.service}`,
        () =>
          startReader({
            store: counting.store,
            stream: jetStream({ nats, stream }),
            handlers,
            now,
            log,
            registry,
            lease: frame.lease(store, `reader:${stream.service}`),
          }),
        (reader) => reader.stop(),
      )
    await part(
      'dead letters',
      () =>
        serveDeadLetters({
          service: 'loms',
          nats,
          store: counting.store,
          readers: Object.fromEntries(heard.map(({ stream, handlers }) => [stream.name, handlers])),
          log,
        }),
      (admin) => admin.stop(),
    )
    clock = await part(
      'clock',
      () => deadlineTimer({ name: 'expire orders', run: () => expireOrders(deps), now, log }),
      (clock) => clock.close(),
    )
    sagaClock = await part(
      'clock of sagas',
      async () => {
        await wakeSagas(deps)
        return deadlineTimer({ name: 'run sagas', run: () => runSagas(deps), now, log })
      },
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
