//! The process of delivery: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
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
import { openStore } from '../runtime/store/open.ts'
import { loadConfig } from './config.ts'
import { lomsFacts } from './consumers.ts'
import type { Deps } from './deps.ts'
import { http } from './http.ts'
import { rpcHandlers } from './rpc.ts'
import { schema } from './store/schema.ts'

const config = orExit('delivery', () => loadConfig(process.env))
const frame = serviceFrame('delivery', config)
const { log, registry, now, newId } = frame

await runService({
  name: 'delivery',
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
    const outbox = createOutbox({ stream: deliveryStream, now, newId })
    const { announce } = outbox
    const rpc = rpcClient({ nats, log, registry, now })
    const deps: Deps = { store, now, newId, announce, rpc, choreography: config.choreography }
    await part(
      'relay',
      () =>
        startRelay({
          store,
          stream: jetStream({ nats, stream: deliveryStream }),
          outbox,
          now,
          log,
          registry,
          lease: frame.lease(store, 'relay'),
        }),
      (relay) => relay.stop(),
    )
    const heard = lomsFacts(deps)
    await part(
      'reader of loms',
      () =>
        startReader({
          store,
          stream: jetStream({ nats, stream: lomsStream }),
          handlers: heard,
          now,
          log,
          registry,
          lease: frame.lease(store, 'reader:loms'),
        }),
      (reader) => reader.stop(),
    )
    await part(
      'dead letters',
      () =>
        serveDeadLetters({
          service: 'delivery',
          nats,
          store,
          readers: { [lomsStream.name]: heard },
          log,
        }),
      (admin) => admin.stop(),
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
          service: 'delivery',
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
      'http',
      () =>
        http(deps, frame.http({ description: 'How orders reach their customers.' }, { store, nats })).listen({
          host: config.host,
          port: config.httpPort,
        }),
      (listening) => listening.close(graceMs),
    )
  },
})
