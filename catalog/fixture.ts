//! For tests: a catalogue in memory (or wherever told), and products to put into it.
import { join } from 'node:path'
import { asc } from 'drizzle-orm'
import { catalogStream } from '../contracts/events/catalog.ts'
import { defaultTenant, newId, type Sku } from '../contracts/ids.ts'
import { money } from '../contracts/money.ts'
import { instantOf, plusMs, processClock } from '../contracts/time.ts'
import { type Call, childTraceparent } from '../runtime/call.ts'
import type { Http } from '../runtime/http.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { openStore } from '../runtime/store/open.ts'
import { doorDeps } from '../tests/harness/doors.ts'
import type { Deps } from './deps.ts'
import type { Product } from './domain/product.ts'
import { tokenCheck } from './domain/token.ts'
import { http } from './http.ts'
import { type CatalogStore, schema } from './store/schema.ts'

export const shop = defaultTenant
export const skuOf = (sku: number): Sku => sku as Sku

export function openCatalog(url = 'sqlite::memory:'): Promise<CatalogStore> {
  return openStore(url, { schema, migrations: join(import.meta.dir, 'store/migrations') })
}

/** A product of the default tenant with what a test is about, and the rest as it comes. */
export function productWith(own: Partial<Product>): Product {
  return {
    tenantId: shop,
    sku: skuOf(2005),
    id: 'prod_2005',
    name: 'Чай трав’яний',
    description: 'М’ята, липа, чебрець.',
    category: 'coffee-and-tea',
    price: money(12_900, 'UAH'),
    weightGrams: 120,
    image: undefined,
    withdrawn: false,
    version: 1,
    createdAt: instantOf(1_000),
    updatedAt: instantOf(1_000),
    ...own,
  }
}

/** Everything that the operations are handed, real, over an empty store; the token is `testtoken`. */
export async function startCatalog(store?: CatalogStore): Promise<{
  readonly deps: Deps
  /** The data of everything announced so far, in order. */
  readonly facts: () => Promise<Record<string, unknown>[]>
  readonly end: () => Promise<void>
}> {
  const opened = store ?? (await openCatalog())
  const now = processClock()
  const { announce } = createOutbox({ stream: catalogStream, now, newId })
  const facts = () =>
    opened.read(async ({ db, tables: { outbox } }) => {
      const rows = await db.select({ data: outbox.data }).from(outbox).orderBy(asc(outbox.position))
      return rows.map(({ data }) => JSON.parse(data))
    })
  const deps = { store: opened, now, newId, announce, isToken: tokenCheck('testtoken') }
  return { deps, facts, end: () => opened.close() }
}

export function callWith(own: Partial<Call> = {}): Call {
  return {
    tenantId: shop,
    caller: 'service',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(processClock()(), 60_000),
    ...own,
  }
}

/** The real router; every guarded route wants a token. */
export function httpDoor(deps: Deps): Http {
  return http(deps, doorDeps('catalog', deps.now, { requireAuth: true }))
}
