//! The copy of products and prices, the warehouses, and what became of checkouts.
import { and, eq, lt } from 'drizzle-orm'
import type { DomainError } from '../../contracts/errors.ts'
import type { CheckoutId, OrderId, ProductId, Sku, TenantId, WarehouseId } from '../../contracts/ids.ts'
import type { Currency } from '../../contracts/money.ts'
import { inJsonList } from '../../runtime/store/columns.ts'
import { type Params, query } from '../../runtime/store/store.ts'
import type { Q, Tables } from './schema.ts'

export type ProductCopy = Tables['products']['$inferSelect']

const pricedRows = query(
  ({ db, dialect, tables: { products: t } }: Q, p: Params<{ tenantId: TenantId; skus: string }>) =>
    db
      .select()
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), inJsonList(dialect, t.sku, p.skus))),
)

/** What we know of the SKUs; those that the catalogue never announced are absent. */
export function productsOf(
  tx: Parameters<typeof pricedRows>[0],
  tenantId: TenantId,
  skus: readonly Sku[],
): Promise<ProductCopy[]> {
  return pricedRows(tx, { tenantId, skus: JSON.stringify(skus) })
}

/** Takes over what the catalogue says, unless something newer is known. */
export const putProduct = query(
  (
    { db, tables: { products: t } }: Q,
    p: Params<{
      tenantId: TenantId
      sku: Sku
      productId: ProductId
      name: string
      price: number
      currency: Currency
      weightGrams: number
      withdrawn: boolean
      version: number
    }>,
  ) =>
    db
      .insert(t)
      .values({
        tenantId: p.tenantId,
        sku: p.sku,
        productId: p.productId,
        name: p.name,
        price: p.price,
        currency: p.currency,
        weightGrams: p.weightGrams,
        withdrawn: p.withdrawn,
        version: p.version,
      })
      .onConflictDoUpdate({
        target: [t.tenantId, t.sku],
        set: {
          productId: p.productId,
          name: p.name,
          price: p.price,
          currency: p.currency,
          weightGrams: p.weightGrams,
          withdrawn: p.withdrawn,
          version: p.version,
        },
        setWhere: lt(t.version, p.version),
      }),
)

export const putWarehouse = query(
  ({ db, tables: { warehouses: t } }: Q, p: Params<{ tenantId: TenantId; id: WarehouseId; name: string }>) =>
    db
      .insert(t)
      .values({ tenantId: p.tenantId, id: p.id, name: p.name })
      .onConflictDoUpdate({ target: [t.tenantId, t.id], set: { name: p.name } }),
)

export const warehouseOf = query(
  ({ db, tables: { warehouses: t } }: Q, p: Params<{ tenantId: TenantId; id: WarehouseId }>) =>
    db
      .select({ id: t.id, name: t.name })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.id, p.id))),
)

export const warehousesOf = query(({ db, tables: { warehouses: t } }: Q, p: Params<{ tenantId: TenantId }>) =>
  db.select({ id: t.id, name: t.name }).from(t).where(eq(t.tenantId, p.tenantId)).orderBy(t.id),
)

const byProductRows = query(
  ({ db, tables: { products: t } }: Q, p: Params<{ tenantId: TenantId; productId: ProductId }>) =>
    db
      .select({ sku: t.sku })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.productId, p.productId))),
)

/** The SKU of a product, or undefined where the catalogue has announced none of that id. */
export async function skuOfProduct(
  tx: Parameters<typeof byProductRows>[0],
  tenantId: TenantId,
  productId: ProductId,
): Promise<Sku | undefined> {
  return (await byProductRows(tx, { tenantId, productId }))[0]?.sku
}

/** Takes the checkout for an outcome of ours; no row comes back where it has one already. */
export const claimCheckout = query(
  ({ db, tables: { checkoutOutcomes: t } }: Q, p: Params<{ tenantId: TenantId; checkoutId: CheckoutId }>) =>
    db
      .insert(t)
      .values({ tenantId: p.tenantId, checkoutId: p.checkoutId })
      .onConflictDoNothing()
      .returning({ checkoutId: t.checkoutId }),
)

export const putOutcome = query(
  (
    { db, tables: { checkoutOutcomes: t } }: Q,
    p: Params<{ tenantId: TenantId; checkoutId: CheckoutId; orderId: OrderId }>,
  ) =>
    db
      .update(t)
      .set({ orderId: p.orderId })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.checkoutId, p.checkoutId))),
)

/** Keeps why there will be no order of the checkout. */
export const putRefusal = query(
  (
    { db, tables: { checkoutOutcomes: t } }: Q,
    p: Params<{ tenantId: TenantId; checkoutId: CheckoutId; refusal: DomainError }>,
  ) =>
    db
      .update(t)
      .set({ refusal: p.refusal })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.checkoutId, p.checkoutId))),
)

export const putToldOpen = query(
  ({ db, tables: { checkoutOutcomes: t } }: Q, p: Params<{ tenantId: TenantId; checkoutId: CheckoutId }>) =>
    db
      .update(t)
      .set({ toldOpen: true })
      .where(and(eq(t.tenantId, p.tenantId), eq(t.checkoutId, p.checkoutId))),
)

export const outcomeOf = query(
  ({ db, tables: { checkoutOutcomes: t } }: Q, p: Params<{ tenantId: TenantId; checkoutId: CheckoutId }>) =>
    db
      .select({ orderId: t.orderId, refusal: t.refusal, toldOpen: t.toldOpen })
      .from(t)
      .where(and(eq(t.tenantId, p.tenantId), eq(t.checkoutId, p.checkoutId))),
)
