//! The process of cart: names every part that runs, and is the only file that reads the environment.
import { orExit, runService } from '../runtime/lifecycle.ts'
import { partsOf } from '../runtime/parts.ts'
import { rpcClient } from '../runtime/rpc.ts'
import { serviceFrame } from '../runtime/service.ts'
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
const description = 'Carts and their checkout.'

await runService({
  name: 'cart',
  log,
  parts: async (part) => {
    const parts = partsOf({ service: 'cart', config, frame, part })
    const store = await parts.store(schema, import.meta.dir)
    const nats = await parts.nats()
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
    await parts.clock({
      name: 'settle checkouts',
      run: async () => {
        await settleCheckouts(deps)
        return undefined
      },
    })
    await parts.keyPruning(store)
    await parts.grpc(store, [grpc(doors)])
    await parts.http(() => http(doors, frame.http({ description }, { store, nats })))
  },
})
