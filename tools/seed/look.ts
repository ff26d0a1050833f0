//! Whether there is a shop already, in any service's database: nobody's orders are to meet the demo's stock and numbers.
import { type Peek, peek } from '../../runtime/store/peek.ts'
import type { Home, Place } from '../data/homes.ts'
import { demoProducts, demoWarehouses } from './shop.ts'

/** What services write before anybody has done anything, and what they note beside the rows of what was done. */
const besides: readonly string[] = [
  ...['leases', 'places', 'signing_keys'],
  ...['outbox', 'inbox', 'dead_letters', 'idempotency_keys'],
]

/**
 * What shows that there is a shop, in words; undefined where there is none, and where there is what a seed leaves that
 * was interrupted: some of the demo's products, or all of them and some of its warehouses, and nothing of anybody's.
 */
export async function shopIn(homes: readonly Home[]): Promise<string | undefined> {
  const placeOf = new Map(homes.map(({ service, place }) => [service, place]))
  const { catalog, loms, ...others } = Object.fromEntries(placeOf)
  const products = await lookAt(catalog, productsIn)
  if (products?.areOwn) return 'catalog has products of its own'
  const stock = await lookAt(loms, stockIn)
  if (stock?.hasOrders) return 'loms has orders'
  if (stock?.areOwn) return 'loms has warehouses of its own'
  if (stock !== undefined && stock.warehouses > 0 && (products?.count ?? 0) < demoProducts.length)
    return 'loms has stock of products that are not in this catalogue'
  for (const [service, place] of Object.entries(others)) {
    const table = await lookAt(place, usedTable)
    if (table !== undefined) return `${service} has ${table.replaceAll('_', ' ')}`
  }
  return undefined
}

async function lookAt<T>(
  place: Place | undefined,
  look: (there: Peek) => Promise<T>,
): Promise<T | undefined> {
  if (place === undefined) return undefined
  await using there = await peek(place.engine === 'sqlite' ? `sqlite:${place.path}` : place.url)
  return there === undefined ? undefined : await look(there)
}

const demoIds = new Map<string, string>(demoProducts.map(({ sku, id }) => [String(sku), id]))
const demoNames = new Map<string, string>(demoWarehouses.map(({ id, name }) => [String(id), name]))

async function productsIn(catalog: Peek) {
  // One more than the demo has is already another shop, however large.
  const rows = await catalog.rows(`select sku, id from products limit ${demoProducts.length + 1}`)
  return { count: rows.length, areOwn: rows.some(({ sku, id }) => demoIds.get(String(sku)) !== id) }
}

async function stockIn(loms: Peek) {
  const rows = await loms.rows(`select id, name from warehouses limit ${demoWarehouses.length + 1}`)
  const orders = await loms.rows('select id from orders limit 1')
  return {
    warehouses: rows.length,
    areOwn: rows.some(({ id, name }) => demoNames.get(String(id)) !== name),
    hasOrders: orders.length > 0,
  }
}

/** The first table that holds what somebody has done. */
async function usedTable(there: Peek): Promise<string | undefined> {
  for (const table of [...there.tables].sort()) {
    if (besides.includes(table)) continue
    if ((await there.rows(`select 1 from "${table}" limit 1`)).length > 0) return table
  }
  return undefined
}
