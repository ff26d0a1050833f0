//! The process of cart: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { keyPruning } from '../runtime/idempotency-pruning.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { rpcClient } from '../runtime/rpc.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { openStore } from '../runtime/store/open.ts'
import { deadlineTimer } from '../runtime/timer.ts'
import { loadConfig } from './config.ts'
import type { Deps } from './deps.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import { settleCheckouts } from './operations/settle-checkouts.ts'
import { foreignCatalog } from './products/foreign.ts'
import { ownCatalog } from './products/own.ts'
import { stockOf } from './stock.ts'
import { schema } from './store/schema.ts'

const config = orExit('cart', () => loadConfig(process.env))
const frame = serviceFrame('cart', config)
const { log, registry, now, newId } = frame

await runService({
  name: 'cart',
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
    const rpc = rpcClient({ nats, log, registry, now })
    const foreign = config.foreignCatalog
    const products =
      foreign === undefined
        ? ownCatalog(rpc)
        : await part(
            'foreign catalogue',
            () => foreignCatalog({ ...foreign, now, log }),
            (catalog) => catalog.close(),
          )
    const { checkoutWindowMs } = config
    const deps: Deps = { store, now, newId, products, stock: stockOf(rpc), rpc, checkoutWindowMs }
    const doors = { ...deps, underWay: new Map() }
    await part(
      'clock',
      () =>
        deadlineTimer({
          name: 'settle checkouts',
          run: async () => {
            await settleCheckouts(deps)
            return undefined
          },
          now,
          log,
        }),
      (clock) => clock.close(),
    )
    await part(
      'pruning of idempotency keys',
      () => keyPruning(store, now, log),
      (timer) => timer.close(),
    )
    await part(
      'grpc',
      () => frame.grpc([grpc(doors)], { store }),
      (server) => server.close(graceMs),
    )
    await part(
      'http',
      () =>
        http(doors, frame.http({ description: 'Carts and their checkout.' }, { store, nats })).listen({
          host: config.host,
          port: config.httpPort,
        }),
      (listening) => listening.close(graceMs),
    )
  },
})
