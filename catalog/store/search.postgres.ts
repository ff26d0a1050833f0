//! Full-text search on PostgreSQL: tsvectors and their GIN index. The pair of search.sqlite.ts; the triggers of the migrations keep them right.
import { type SQL, sql } from 'drizzle-orm'
import type { TenantId } from '../../contracts/ids.ts'

/** `(select sku, distance …)`: the tenant's products with a word that begins so for each of the words; the best are nearest. */
export function foundOnPostgres(tenantId: TenantId, words: readonly string[]): SQL {
  // The words hold letters and digits only; in quotes none of them is an operator.
  const wanted = words.map((word) => `'${word}':*`).join(' & ')
  return sql`(
    select sku, -ts_rank(words, query) as distance
    from product_search, to_tsquery('pg_catalog.simple', ${wanted}) as query
    where tenant_id = ${tenantId} and words @@ query
  ) as found`
}
