//! loms' resources of stock and warehouses under `/api/v1` (documents D, E).
import { Type } from '@sinclair/typebox'
import { ok } from '../contracts/errors.ts'
import type { Sku, WarehouseId } from '../contracts/ids.ts'
import { listOf, pageOfAll, pageQuery, refusedInText, SkuParams } from '../contracts/rest.ts'
import { CountSchema, Int64Schema, int64Of, orderIdOf } from '../contracts/scalars.ts'
import { mapAnswer } from '../runtime/call.ts'
import type { Http } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import { availableOf } from './domain/stock.ts'
import { adjustStock } from './operations/adjust-stock.ts'
import { checkRelease } from './operations/check-release.ts'
import { checkReservation } from './operations/check-reservation.ts'
import { getStock } from './operations/get-stock.ts'
import { putWarehouse } from './operations/put-warehouse.ts'
import { warehousesOf } from './store/catalog.ts'

const stockTags = ['stock']

export function restStock(app: Http, deps: Deps): void {
  app.get('/api/v1/stock/position/:sku/count', {
    summary: 'How much of a SKU can be bought now',
    tags: stockTags,
    guard: 'open',
    params: SkuParams,
    reply: Type.Object({ sku: Type.String(), count: Type.Integer({ minimum: 0 }) }),
    refusals: ['sku_not_found'],
    run: async (call, { params }) => {
      const stocks = await getStock(deps, call, { sku: params.sku as Sku })
      if (!stocks.ok) return stocks
      const count = stocks.value.reduce((sum, stock) => sum + availableOf(stock), 0)
      return ok({ sku: String(params.sku), count })
    },
  })

  const Held = Type.Object({
    order_id: Type.String(),
    sku: Type.String(),
    count: Type.Integer({ minimum: 0 }),
  })

  app.post('/api/v1/stock/position/:sku/reserve', {
    summary: 'Make sure that an order has reserved so many pieces',
    description:
      'Placing an order reserves all of it, so nothing is left to be done here: 200 where the pending order has exactly this reservation, else 409.',
    tags: stockTags,
    guard: 'admin',
    params: SkuParams,
    body: Type.Object(
      { order_id: Int64Schema, count: CountSchema },
      { examples: [{ order_id: 1, count: 2 }] },
    ),
    reply: Held,
    refusals: ['order_not_found', 'reservation_conflict'],
    run: async (call, { order_id, count }, { params }) => {
      const request = { orderId: orderIdOf(order_id), sku: params.sku as Sku, count }
      const held = await checkReservation(deps, call, request)
      return held.ok ? ok({ order_id: String(order_id), sku: String(params.sku), count }) : held
    },
  })

  app.post('/api/v1/stock/position/:sku/release', {
    summary: 'Make sure that an order holds none of a SKU any more',
    description:
      'An order that waits gives its stock back by being cancelled: 200 where it holds none, else 409.',
    tags: stockTags,
    guard: 'admin',
    params: SkuParams,
    body: Type.Object({ order_id: Int64Schema }, { examples: [{ order_id: 1 }] }),
    reply: Held,
    refusals: ['order_not_found', 'reservation_conflict'],
    run: async (call, { order_id }, { params }) => {
      const held = await checkRelease(deps, call, { orderId: orderIdOf(order_id), sku: params.sku as Sku })
      return held.ok ? ok({ order_id: String(order_id), sku: String(params.sku), count: 0 }) : held
    },
  })

  app.post('/api/v1/stock/position/:sku', {
    summary: 'Goods came in, or are written off',
    description:
      'Of any SKU: goods may come before their product is in the catalogue, and cannot be bought until it is. What was mistyped is written off again.',
    tags: stockTags,
    guard: 'admin',
    params: SkuParams,
    body: Type.Object(
      {
        warehouse_id: Int64Schema,
        delta: Type.Integer({ minimum: -1_000_000_000, maximum: 1_000_000_000 }),
        reason: Type.String({ minLength: 1, maxLength: 200 }),
      },
      { examples: [{ warehouse_id: 1, delta: 10, reason: 'delivery 42' }] },
    ),
    reply: Type.Object({
      sku: Type.String(),
      warehouse_id: Type.String(),
      on_hand: Type.Integer({ minimum: 0 }),
      reserved: Type.Integer({ minimum: 0 }),
    }),
    refusals: ['warehouse_not_found', 'insufficient_stock'],
    changesState: true,
    run: async (call, { warehouse_id, delta, reason }, { params }) => {
      const warehouseId = int64Of(warehouse_id) as WarehouseId
      const answer = await adjustStock(deps, call, { sku: params.sku as Sku, warehouseId, delta, reason })
      return refusedInText(
        mapAnswer(answer, ({ onHand, reserved }) => ({
          sku: String(params.sku),
          warehouse_id: String(warehouse_id),
          on_hand: onHand,
          reserved,
        })),
      )
    },
  })

  const Warehouse = Type.Object({ id: Type.String(), name: Type.String() })

  app.get('/api/v1/warehouses', {
    summary: 'The warehouses',
    tags: stockTags,
    guard: 'admin',
    query: Type.Object(pageQuery),
    reply: listOf(Warehouse),
    run: async (call, { query }) => {
      const all = await deps.store.read((tx) => warehousesOf(tx, { tenantId: call.tenantId }))
      const shown = all.map(({ id, name }) => ({ id: String(id), name }))
      return ok(pageOfAll(shown, query))
    },
  })

  app.post('/api/v1/warehouses', {
    summary: 'Add a warehouse, or give one another name',
    tags: stockTags,
    guard: 'admin',
    body: Type.Object(
      { id: Int64Schema, name: Type.String({ minLength: 1, maxLength: 200 }) },
      { examples: [{ id: 4, name: 'Lviv' }] },
    ),
    reply: Warehouse,
    status: 201,
    changesState: true,
    run: async (call, { id, name }) => {
      const answer = await putWarehouse(deps, call, { id: int64Of(id) as WarehouseId, name })
      return mapAnswer(answer, () => ({ id: String(id), name }))
    },
  })
}
