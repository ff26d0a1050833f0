//! The process of catalog: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { catalogStream } from '../contracts/events/catalog.ts'
import { keyPruning } from '../runtime/idempotency-pruning.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { startRelay } from '../runtime/messages/relay.ts'
import { serveRpc } from '../runtime/rpc.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { openStore } from '../runtime/store/open.ts'
import { loadConfig } from './config.ts'
import type { Deps } from './deps.ts'
import { tokenCheck } from './domain/token.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import { rpcHandlers } from './rpc.ts'
import { schema } from './store/schema.ts'

const config = orExit('catalog', () => loadConfig(process.env))
const frame = serviceFrame('catalog', config)
const { log, registry, now, newId } = frame

await runService({
  name: 'catalog',
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
    const outbox = createOutbox({ stream: catalogStream, now, newId })
    const deps: Deps = { store, now, newId, announce: outbox.announce, isToken: tokenCheck(config.token) }
    await part(
      'relay',
      () =>
        startRelay({
          store,
          stream: jetStream({ nats, stream: catalogStream }),
          outbox,
          now,
          log,
          registry,
          lease: frame.lease(store, 'relay'),
        }),
      (relay) => relay.stop(),
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
          service: 'catalog',
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
        http(deps, frame.http({ description: 'What the shop sells.' }, { store, nats })).listen({
          host: config.host,
          port: config.httpPort,
        }),
      (listening) => listening.close(graceMs),
    )
  },
})
