//! Products as rows.
import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm'
import type { ProductId, Sku, TenantId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { uint32Max } from '../../contracts/scalars.ts'
import { inJsonList, locked } from '../../runtime/store/columns.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import type { Product } from '../domain/product.ts'
import type { Q, Tables, Tx } from './schema.ts'

type Row = Tables['products']['$inferSelect']
type Key = { tenantId: TenantId; sku: Sku }
type IdKey = { tenantId: TenantId; id: ProductId }

const here = (t: Q['tables']['products'], p: Params<Key>) => and(eq(t.tenantId, p.tenantId), eq(t.sku, p.sku))

const productRow = query(({ db, tables: { products: t } }: Q, p: Params<Key>) =>
  db.select().from(t).where(here(t, p)),
)

const lockedProductRow = query(({ db, tables: { products: t } }: Q, p: Params<Key>) =>
  locked(db.select().from(t).where(here(t, p))),
)

const byId = (t: Q['tables']['products'], p: Params<IdKey>) => and(eq(t.tenantId, p.tenantId), eq(t.id, p.id))

const productRowById = query(({ db, tables: { products: t } }: Q, p: Params<IdKey>) =>
  db.select().from(t).where(byId(t, p)),
)

const lockedProductRowById = query(({ db, tables: { products: t } }: Q, p: Params<IdKey>) =>
  locked(db.select().from(t).where(byId(t, p))),
)

const lastSku = query(({ db, tables: { products: t } }: Q, p: Params<{ tenantId: TenantId }>) =>
  db.select({ sku: t.sku }).from(t).where(eq(t.tenantId, p.tenantId)).orderBy(desc(t.sku)).limit(1),
)

/** The first of the products whose next SKU is nobody's. */
const skuBeforeGap = query(({ db, tables: { products: t } }: Q, p: Params<{ tenantId: TenantId }>) =>
  db
    .select({ sku: t.sku })
    .from(t)
    .where(
      and(
        eq(t.tenantId, p.tenantId),
        lt(t.sku, uint32Max as Sku),
        sql`not exists (select 1 from products n where n.tenant_id = ${p.tenantId} and n.sku = ${t.sku} + 1)`,
      ),
    )
    .orderBy(asc(t.sku))
    .limit(1),
)

const productRows = query(
  ({ db, dialect, tables: { products: t } }: Q, p: Params<{ tenantId: TenantId; skus: string }>) =>
    db
      .select()
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), inJsonList(dialect, t.sku, p.skus)))
      .orderBy(asc(t.sku)),
)

const soldSkus = query(
  ({ db, tables: { products: t } }: Q, p: Params<{ tenantId: TenantId; after: Sku | 0; count: number }>) =>
    db
      .select({ sku: t.sku })
      .from(t)
      // Written as in the index, which the engines take for no other words.
      .where(and(eq(t.tenantId, p.tenantId), gt(t.sku, p.after), sql`not ${t.withdrawn}`))
      .orderBy(asc(t.sku))
      .limit(p.count),
)

const insertRow = query(({ db, tables: { products: t } }: Q, p: Params<Row>) =>
  db
    .insert(t)
    .values({
      tenantId: p.tenantId,
      sku: p.sku,
      id: p.id,
      name: p.name,
      description: p.description,
      category: p.category,
      price: p.price,
      currency: p.currency,
      weightGrams: p.weightGrams,
      image: p.image,
      withdrawn: p.withdrawn,
      version: p.version,
      createdAt: p.createdAt,
      updatedAt: p.updatedAt,
    })
    .onConflictDoNothing()
    .returning({ sku: t.sku }),
)

const updateRow = query(
  (
    { db, tables: { products: t } }: Q,
    p: Params<Omit<Row, 'id' | 'createdAt'> & { previousVersion: number }>,
  ) =>
    db
      .update(t)
      .set({
        name: p.name,
        description: p.description,
        category: p.category,
        price: p.price,
        currency: p.currency,
        weightGrams: p.weightGrams,
        image: p.image,
        withdrawn: p.withdrawn,
        version: p.version,
        updatedAt: p.updatedAt,
      })
      .where(and(here(t, p), eq(t.version, p.previousVersion)))
      .returning({ sku: t.sku }),
)

/** The product, sold or withdrawn; undefined where this tenant never had one of that SKU. */
export async function productOf(tx: Tx, tenantId: TenantId, sku: Sku): Promise<Product | undefined> {
  const [row] = await productRow(tx, { tenantId, sku })
  return row && toProduct(row)
}

/** The same, held until the transaction ends, so that what is decided from it is still true when it is written. */
export async function lockProduct(tx: Tx, tenantId: TenantId, sku: Sku): Promise<Product | undefined> {
  const [row] = await lockedProductRow(tx, { tenantId, sku })
  return row && toProduct(row)
}

/** The product of that id, sold or withdrawn. */
export async function productById(tx: Tx, tenantId: TenantId, id: ProductId): Promise<Product | undefined> {
  const [row] = await productRowById(tx, { tenantId, id })
  return row && toProduct(row)
}

/** The same, held until the transaction ends. */
export async function lockProductById(
  tx: Tx,
  tenantId: TenantId,
  id: ProductId,
): Promise<Product | undefined> {
  const [row] = await lockedProductRowById(tx, { tenantId, id })
  return row && toProduct(row)
}

/** The SKU after the last one; where there is none after it, the first that was never taken after another one. */
export async function nextSku(tx: Tx, tenantId: TenantId): Promise<Sku> {
  const [last] = await lastSku(tx, { tenantId })
  if (last === undefined) return 1 as Sku
  if (last.sku < uint32Max) return (last.sku + 1) as Sku
  const [before] = await skuBeforeGap(tx, { tenantId })
  return ((before?.sku ?? 0) + 1) as Sku
}

/** Those of the SKUs that there are, sold or withdrawn, ascending. */
export async function productsOf(tx: Tx, tenantId: TenantId, skus: readonly Sku[]): Promise<Product[]> {
  const rows = await productRows(tx, { tenantId, skus: JSON.stringify(skus) })
  return rows.map(toProduct)
}

/** A page of the SKUs that are sold, ascending, from the one after `after`. */
export async function skusAfter(tx: Tx, tenantId: TenantId, after: Sku | 0, count: number): Promise<Sku[]> {
  const rows = await soldSkus(tx, { tenantId, after, count })
  return rows.map((row) => row.sku)
}

/** False, and nothing written, where the SKU or the id is another's. */
export async function putNewProduct(tx: Tx, product: Product): Promise<boolean> {
  const inserted = await insertRow(tx, toRow(product))
  return inserted.length === 1
}

/** Writes the product's next state over the one it was decided from. */
export async function putProductState(tx: Tx, product: Product): Promise<void> {
  const updated = await updateRow(tx, { ...toRow(product), previousVersion: product.version - 1 })
  if (updated.length !== 1) {
    throw new Error(`SKU ${product.sku} was not at version ${product.version - 1} any more`)
  }
}

/** What a row says. */
export function toProduct({ price, currency, image, ...row }: Row): Product {
  return { ...row, price: money(price, currency), image: image ?? undefined }
}

function toRow({ price, image, ...product }: Product): Row {
  return { ...product, price: price.amount, currency: price.currency, image: image ?? null }
}
