//! What SQLite makes of the queries of catalog.
import { defaultTenant as tenantId } from '../../contracts/ids.ts'
import { plansAreGood } from '../../tests/harness/plans.ts'
import { categoriesOf, listProducts } from './product-list.ts'
import { schema } from './schema.ts'

const page = { limit: 20, offset: 20 }

plansAreGood({
  folder: import.meta.dir,
  schema,
  async fresh(tx) {
    for (const category of [undefined, 'books'])
      for (const words of [[], ['map']]) await listProducts(tx, { tenantId, category, words }, page)
    await categoriesOf(tx, tenantId)
  },
  excused: {
    'from products where tenant_id = ? order by sku desc limit (? + 0)': 'the last is all that is read',
    'select coalesce(count(*), 0) from products where (tenant_id = ? and not withdrawn)':
      'all are counted, in an index',
    'from products where (tenant_id = ? and not withdrawn) order by sku asc limit':
      'as they lie in the index, up to the end of the page',
    'from products where (tenant_id = ? and not withdrawn) group by category': 'all are counted, in an index',
    'order by found.distance, sku asc limit': 'the best of all that are found come first',
  },
})
