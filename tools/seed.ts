//! `bun run seed`: puts the demo shop in where no service has anything of a shop yet. To be run before the services are.
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadConfig as loadCatalogConfig } from '../catalog/config.ts'
import { schema as catalogSchema } from '../catalog/store/schema.ts'
import { catalogStream } from '../contracts/events/catalog.ts'
import { newId } from '../contracts/ids.ts'
import { processClock } from '../contracts/time.ts'
import { loadConfig as loadLomsConfig } from '../loms/config.ts'
import { schema as lomsSchema } from '../loms/store/schema.ts'
import { ConfigError, type Env } from '../runtime/config.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { openStore } from '../runtime/store/open.ts'
import { type Home, homesOf } from './data/homes.ts'
import { claimDataFolder } from './dev/data-folder.ts'
import { fillCatalog, fillStock } from './seed/fill.ts'
import { shopIn } from './seed/look.ts'

const root = join(import.meta.dir, '..')
const now = processClock()

/** Products go to the services that keep a copy of them by their facts, as soon as catalog runs. */
async function seedCatalog(env: Env): Promise<number> {
  const url = loadCatalogConfig(env).databaseUrl
  const migrations = join(root, 'catalog/store/migrations')
  const store = await openStore(url, { schema: catalogSchema, migrations })
  const { announce } = createOutbox({ stream: catalogStream, now, newId })
  return await fillCatalog({ store, now, newId, announce }).finally(() => store.close())
}

async function seedStock(env: Env): Promise<number> {
  const url = loadLomsConfig(env).databaseUrl
  const migrations = join(root, 'loms/store/migrations')
  const store = await openStore(url, { schema: lomsSchema, migrations })
  return await fillStock({ store, now }).finally(() => store.close())
}

const usage = `bun run seed [flags]: puts the demo shop in where there is no shop yet, while no service runs

  --data DIR   the shop's data folder (default: $DATA_DIR, or .data); <SERVICE>_DATABASE_URL goes before it
  --help       this

There is a shop where any service has products, stock, orders, accounts or anything else that is not the demo's: nothing is
changed then. A seed that was interrupted is finished.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { data: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) return console.log(usage)
  const dataDir = resolve(values.data ?? (process.env.DATA_DIR || '.data'))
  const env = { ...process.env, DATA_DIR: dataDir }
  const homes = homesOf(env, dataDir)
  const shop = await shopIn(homes)
  if (shop !== undefined) return console.log(`the demo shop is not put in: there is a shop (${shop})`)
  const isFilled = ({ service, place }: Home) =>
    ['catalog', 'loms'].includes(service) && place.engine === 'sqlite' && dirname(place.path) === dataDir
  if (homes.some(isFilled)) claimDataFolder(dataDir)
  // The catalogue first: stock without it is no interrupted seed to `shopIn`.
  const products = await seedCatalog(env)
  const stock = await seedStock(env)
  const nothing = products === 0 && stock === 0
  console.log(
    nothing
      ? 'the demo shop is there already'
      : `the demo shop is there: ${products} products, ${stock} rows of stock`,
  )
}

try {
  await main()
} catch (error) {
  if (!(error instanceof ConfigError) && !(error instanceof TypeError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
