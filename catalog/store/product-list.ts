//! Products as people page through them: what is sold, by category and by words.
import { and, asc, eq, getTableColumns, sql } from 'drizzle-orm'
import type { TenantId } from '../../contracts/ids.ts'
import { integer } from '../../runtime/store/columns.ts'
import type { Product } from '../domain/product.ts'
import { toProduct } from './products.ts'
import type { Tx } from './schema.ts'
import { foundOnPostgres } from './search.postgres.ts'
import { foundOnSqlite } from './search.sqlite.ts'

export type ProductFilter = {
  readonly tenantId: TenantId
  readonly category?: string | undefined
  /** Of `wordsOf`; none: whatever is said of a product. */
  readonly words: readonly string[]
}

/** One page of what is sold and fits, the best first (without words: by SKU), and how many fit in all. */
export async function listProducts(
  tx: Tx,
  { tenantId, category, words }: ProductFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<{ readonly products: readonly Product[]; readonly total: number }> {
  const { products: t } = tx.tables
  const found = tx.dialect === 'sqlite' ? foundOnSqlite(tenantId, words) : foundOnPostgres(tenantId, words)
  const isFound = sql`found.sku = ${t.sku}`
  const fits = and(
    eq(t.tenantId, tenantId),
    // Written as in the index, which the engines take for no other words.
    sql`not withdrawn`,
    category === undefined ? undefined : eq(t.category, category),
  )
  const count = { total: integer(sql`count(*)`) }
  const counting = tx.db.select(count).from(t).$dynamic()
  const listing = tx.db.select(getTableColumns(t)).from(t).$dynamic()
  const isSearch = words.length > 0
  const [counted] = await (isSearch ? counting.innerJoin(found, isFound) : counting).where(fits)
  const rows = await (isSearch ? listing.innerJoin(found, isFound) : listing)
    .where(fits)
    .orderBy(...(isSearch ? [sql`found.distance`, asc(t.sku)] : [asc(t.sku)]))
    .limit(page.limit)
    .offset(page.offset)
  return { products: rows.map(toProduct), total: counted?.total ?? 0 }
}

/** The categories in which something is sold, in alphabetical order of their codes, and how many products each has. */
export async function categoriesOf(
  tx: Tx,
  tenantId: TenantId,
): Promise<{ readonly category: string; readonly count: number }[]> {
  const { products: t } = tx.tables
  const rows = await tx.db
    .select({ category: t.category, count: integer(sql`count(*)`) })
    .from(t)
    .where(and(eq(t.tenantId, tenantId), sql`not withdrawn`))
    .groupBy(t.category)
  // Not by the database: each engine has its own alphabet.
  return rows.sort((a, b) => (a.category < b.category ? -1 : 1))
}
