//! The tables of catalog. `tenant_id` is part of every key.
import { sql } from 'drizzle-orm'
import type { ProductId, Sku, TenantId } from '../../contracts/ids.ts'
import type { Currency } from '../../contracts/money.ts'
import { uint32Max } from '../../contracts/scalars.ts'
import { idempotencyTables } from '../../runtime/idempotency.ts'
import { outboxTables } from '../../runtime/messages/tables.ts'
import type { Kit } from '../../runtime/store/columns.ts'
import type { QueryKit, Store, Tx as StoreTx } from '../../runtime/store/store.ts'

const uint32 = sql.raw(String(uint32Max))

export function schema(kit: Kit) {
  const products = kit.table(
    'products',
    {
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      sku: kit.number<Sku>('sku').notNull(),
      id: kit.text<ProductId>('id').notNull(),
      name: kit.text('name').notNull(),
      description: kit.text('description').notNull(),
      category: kit.text('category').notNull(),
      price: kit.number('price').notNull(),
      currency: kit.text<Currency>('currency').notNull(),
      weightGrams: kit.number('weight_grams').notNull(),
      image: kit.text('image'),
      withdrawn: kit.boolean('withdrawn').notNull(),
      version: kit.number('version').notNull(),
      createdAt: kit.instant('created_at').notNull(),
      updatedAt: kit.instant('updated_at').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.tenantId, t.sku] }),
      kit.uniqueIndex('products_by_id').on(t.tenantId, t.id),
      // A page of SKUs is found here, however many withdrawn products lie between them.
      kit.index('products_on_sale').on(t.tenantId, t.sku).where(sql`not withdrawn`),
      // What is sold of a category, in the order of its pages; and which categories there are. Whether it is withdrawn is
      // in it too, or SQLite would look every product up that it counts.
      kit
        .index('products_on_sale_by_category')
        .on(t.tenantId, t.category, t.sku, t.withdrawn)
        .where(sql`not withdrawn`),
      kit.check('sku_is_uint32', sql`${t.sku} between 1 and ${uint32}`),
      kit.check('price_is_uint32', sql`${t.price} between 0 and ${uint32}`),
      kit.check('id_is_a_product_id', sql`substr(${t.id}, 1, 5) = 'prod_'`),
      kit.check('name_is_said', sql`length(${t.name}) between 1 and 500`),
      kit.check('description_is_bounded', sql`length(${t.description}) <= 10000`),
      kit.check('category_is_said', sql`length(${t.category}) between 1 and 100`),
      kit.check('image_is_bounded', sql`length(${t.image}) <= 2000`),
      kit.check('currency_is_a_code', sql`length(${t.currency}) = 3`),
      kit.check('weight_not_negative', sql`${t.weightGrams} >= 0`),
      kit.check('version_from_one', sql`${t.version} >= 1`),
    ],
  )

  return { products, ...idempotencyTables(kit), ...outboxTables(kit) }
}

export type Tables = ReturnType<typeof schema>
export type CatalogStore = Store<Tables>
export type Tx = StoreTx<Tables>
export type Q = QueryKit<Tables>
