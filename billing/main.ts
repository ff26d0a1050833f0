//! The process of billing: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { accountsStream } from '../contracts/events/accounts.ts'
import { billingStream } from '../contracts/events/billing.ts'
import type { StreamDefinition } from '../contracts/events/define.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { keyPruning } from '../runtime/idempotency-pruning.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { serveDeadLetters } from '../runtime/messages/admin.ts'
import type { Handler } from '../runtime/messages/handler.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { startReader } from '../runtime/messages/reader.ts'
import { startRelay } from '../runtime/messages/relay.ts'
import { rpcClient, serveRpc } from '../runtime/rpc.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { openStore } from '../runtime/store/open.ts'
import { deadlineTimer } from '../runtime/timer.ts'
import { loadConfig } from './config.ts'
import { accountsFacts, lomsFacts } from './consumers.ts'
import type { Deps } from './deps.ts'
import { http } from './http.ts'
import { settleHolds } from './operations/settle-holds.ts'
import { rpcHandlers } from './rpc.ts'
import { schema, type Tables } from './store/schema.ts'

const config = orExit('billing', () => loadConfig(process.env))
const frame = serviceFrame('billing', config)
const { log, registry, now, newId } = frame

await runService({
  name: 'billing',
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
    const outbox = createOutbox({ stream: billingStream, now, newId })
    const { freeTopUp, choreography, holdLookMs, unknownOrderMs } = config
    const rpc = rpcClient({ nats, log, registry, now })
    const { announce } = outbox
    const settings = { freeTopUp, choreography, holdLookMs, unknownOrderMs }
    const deps: Deps = { store, now, newId, announce, rpc, ...settings }
    await part(
      'relay',
      () =>
        startRelay({
          store,
          stream: jetStream({ nats, stream: billingStream }),
          outbox,
          now,
          log,
          registry,
          lease: frame.lease(store, 'relay'),
        }),
      (relay) => relay.stop(),
    )
    const heard: readonly (readonly [StreamDefinition, readonly Handler<Tables>[]])[] = [
      [accountsStream, accountsFacts(deps)],
      [lomsStream, lomsFacts(deps)],
    ]
    for (const [stream, handlers] of heard) {
      await part(
        `reader of ${stream.service}`,
        () =>
          startReader({
            store,
            stream: jetStream({ nats, stream }),
            handlers,
            now,
            log,
            registry,
            lease: frame.lease(store, `reader:${stream.service}`),
          }),
        (reader) => reader.stop(),
      )
    }
    await part(
      'dead letters',
      () =>
        serveDeadLetters({
          service: 'billing',
          nats,
          store,
          readers: Object.fromEntries(heard.map(([stream, handlers]) => [stream.name, handlers])),
          log,
        }),
      (admin) => admin.stop(),
    )
    await part(
      'clock',
      () => deadlineTimer({ name: 'settle holds', run: () => settleHolds(deps), now, log }),
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
          service: 'billing',
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
        http(
          deps,
          frame.http({ description: 'Wallets, what is held in them and charged to them.' }, { store, nats }),
        ).listen({ host: config.host, port: config.httpPort }),
      (listening) => listening.close(graceMs),
    )
  },
})
