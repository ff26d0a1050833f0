//! Writes the demo shop through the services' own operations. Whatever there is of another shop is left as it is.
import { eq } from 'drizzle-orm'
import type { Deps as CatalogDeps } from '../../catalog/deps.ts'
import { putProduct } from '../../catalog/operations/put-product.ts'
import { defaultTenant, newId, type ProductId, type Sku, type WarehouseId } from '../../contracts/ids.ts'
import { defaultCurrency, money } from '../../contracts/money.ts'
import { type Clock, plusMs } from '../../contracts/time.ts'
import { receiveStock } from '../../loms/operations/receive-stock.ts'
import type { LomsStore } from '../../loms/store/schema.ts'
import { type Call, childTraceparent } from '../../runtime/call.ts'
import { type DemoProduct, demoProducts, demoWarehouses } from './shop.ts'

/**
 * Puts into the catalogue what it lacks of the demo, unless it has a product that is not the demo's: one that died
 * half-way is finished, and a shop of somebody's own gets nothing. Answers how many products were put.
 */
export async function fillCatalog(
  deps: Pick<CatalogDeps, 'store' | 'now' | 'newId' | 'announce'>,
): Promise<number> {
  const known = await deps.store.read(async ({ db, tables: { products } }) =>
    db
      .select({ sku: products.sku, id: products.id })
      .from(products)
      .where(eq(products.tenantId, defaultTenant))
      // One more than the demo has is already another shop, however large.
      .limit(demoProducts.length + 1),
  )
  const idBySku = new Map<number, ProductId>(demoProducts.map(({ sku, id }) => [sku, id]))
  if (known.some(({ sku, id }) => idBySku.get(sku) !== id)) return 0
  const knownSkus = new Set<number>(known.map(({ sku }) => sku))
  const missing = demoProducts.filter(({ sku }) => !knownSkus.has(sku))
  // All at once: the lane writes them down together.
  await Promise.all(missing.map((product) => putOne(deps, product)))
  return missing.length
}

async function putOne(deps: Parameters<typeof fillCatalog>[0], product: DemoProduct): Promise<void> {
  const { sku, id, name, description, category, price, weightGrams } = product
  const answer = await putProduct(deps, seedCall(deps.now), {
    sku: sku as Sku,
    id,
    name,
    description,
    category,
    price: money(price, defaultCurrency),
    weightGrams,
    image: undefined,
  })
  if (!answer.ok) throw new Error(`the catalogue refused the demo's SKU ${sku}: ${answer.error.code}`)
}

/**
 * Delivers to the demo's warehouses what they have never had, a warehouse a transaction, unless there is a warehouse
 * that is not the demo's. Answers how many stock rows were written.
 */
export async function fillStock(deps: { store: LomsStore; now: Clock }): Promise<number> {
  const known = await deps.store.read(async ({ db, tables: { warehouses } }) =>
    db
      .select({ id: warehouses.id, name: warehouses.name })
      .from(warehouses)
      .where(eq(warehouses.tenantId, defaultTenant))
      .limit(demoWarehouses.length + 1),
  )
  const nameById = new Map<bigint, string>(demoWarehouses.map(({ id, name }) => [id, name]))
  if (known.some(({ id, name }) => nameById.get(id) !== name)) return 0
  const knownIds = new Set<bigint>(known.map(({ id }) => id))
  const missing = demoWarehouses.filter(({ id }) => !knownIds.has(id))
  const rows = await Promise.all(missing.map((warehouse) => deliver(deps, warehouse)))
  return rows.reduce((sum, count) => sum + count, 0)
}

async function deliver(
  deps: { store: LomsStore; now: Clock },
  { id, name }: (typeof demoWarehouses)[number],
): Promise<number> {
  const lines = demoProducts.flatMap(({ sku, stock }) =>
    stock
      .filter(({ warehouseId }) => warehouseId === id)
      .map(({ onHand }) => ({ sku: sku as Sku, quantity: onHand })),
  )
  await receiveStock(deps, {
    tenantId: defaultTenant,
    warehouse: { id: id as WarehouseId, name },
    kind: 'initial',
    reason: 'demo shop',
    lines,
  })
  return lines.length
}

const patienceMs = 60_000

/** A call of nobody's: the seed's own. */
export function seedCall(now: Clock): Call {
  return {
    tenantId: defaultTenant,
    caller: 'service',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(now(), patienceMs),
  }
}
