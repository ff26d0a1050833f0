//! Full-text search on SQLite: FTS5. The pair of search.postgres.ts; the triggers of the migrations keep the index right.
import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../contracts/ids.ts'

/** `(select sku, distance …)`: the tenant's products with a word that begins so for each of the words; the best are nearest. */
export function foundOnSqlite(tenantId: TenantId, words: readonly string[]): SQL {
  // The words hold letters and digits only; in quotes none of them is an operator.
  const all = words.map((word) => `"${word}"*`).join(' AND ')
  const wanted = `tenant : t${Buffer.from(tenantId).toString('hex')} AND {name description} : (${all})`
  return sql`(
    select sku, bm25(product_search, 0, 0, 0, 10, 1) as distance
    from product_search where product_search match ${wanted}
  ) as found`
}
