//! The catalogue's versions and the copy that loms keeps of them.
import type { Rule } from '../rule.ts'

export const productRules: readonly Rule[] = [
  {
    of: 'I4',
    says: 'catalog: the last fact of a product is the product as it stands',
    needs: ['catalog'],
    looksAt: 'select count(*) from catalog.products',
    broken: `
      select p.tenant_id, p.sku, p.version, f.first, f.last, f.count
      from catalog.products p left join (
        select tenant_id, cast(data ->> '$.sku' as integer) as sku, min(data ->> '$.version') as first,
          max(data ->> '$.version') as last, count(*) as count
        from catalog.outbox where type = 'product.changed' group by 1, 2
      ) f using (tenant_id, sku)
      where case
        when p.created_at > (select since from temp.catalog_kept)
        then f.last is not p.version or f.count is not p.version
        else f.last <> p.version or f.count <> f.last - f.first + 1
      end`,
  },
  {
    of: 'I4',
    says: 'loms: no copy is ahead of its product',
    needs: ['loms', 'catalog'],
    looksAt: 'select count(*) from loms.products',
    broken: `
      select c.tenant_id, c.sku, c.version, p.version as product from loms.products c
      left join catalog.products p on p.tenant_id = c.tenant_id and p.sku = c.sku
      where p.version is null or c.version > p.version`,
  },
  {
    of: 'I4',
    says: 'loms: a copy of the same version says the same',
    needs: ['loms', 'catalog'],
    looksAt: 'select count(*) from loms.products',
    broken: `
      select c.tenant_id, c.sku, c.version, c.name, p.name as product, c.price, p.price as product_price
      from loms.products c join catalog.products p on p.tenant_id = c.tenant_id and p.sku = c.sku
      where c.version = p.version and (c.product_id, c.name, c.price, c.currency, c.weight_grams, c.withdrawn)
        is not (p.id, p.name, p.price, p.currency, p.weight_grams, p.withdrawn)`,
  },
]
