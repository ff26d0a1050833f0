//! loms over gRPC, document B's surface: the same operations as over HTTP.
import { create } from '@bufbuild/protobuf'
import { anyPack } from '@bufbuild/protobuf/wkt'
import { fail } from '../contracts/errors.ts'
import { InsufficientStockSchema, LOMS } from '../contracts/gen/loms/v1/loms_pb.ts'
import type { OrderId, Sku, UserId } from '../contracts/ids.ts'
import { rpcStatus } from '../contracts/order-status.ts'
import { int64Max, uint16Max } from '../contracts/scalars.ts'
import { type Answer, mapAnswer } from '../runtime/call.ts'
import { type GrpcService, grpcService } from '../runtime/grpc.ts'
import type { Deps } from './deps.ts'
import { availableOf, type Shortage } from './domain/stock.ts'
import { cancelOrder } from './operations/cancel-order.ts'
import { createOrder } from './operations/create-order.ts'
import { getOrder } from './operations/get-order.ts'
import { getStock } from './operations/get-stock.ts'
import { payOrder } from './operations/pay-order.ts'
import { inRpcWords } from './rpc-words.ts'

type Violation = { readonly path: string; readonly message: string }
const itemsMax = 100

export const grpc = (deps: Deps): GrpcService =>
  grpcService(
    LOMS,
    {
      createOrder: {
        guard: 'service',
        handle: async (call, { user, items }) => {
          const violations = [...positive('user', user), ...itemViolations(items)]
          if (violations.length > 0) return fail('invalid_argument', { errors: violations })
          const created = await createOrder(deps, call, {
            userId: user as UserId,
            items: items.map(({ sku, count }) => ({ sku: sku as Sku, quantity: count })),
          })
          return mapAnswer(created, ({ orderId }) => ({ orderId }))
        },
      },
      listOrder: {
        guard: 'user',
        handle: async (call, { orderId }) =>
          await withOrder(orderId, async (orderId) =>
            mapAnswer(await getOrder(deps, call, { orderId }), ({ status, userId, lines }) => ({
              status: rpcStatus(status),
              user: userId,
              items: lines.map(({ sku, quantity }) => ({ sku, count: quantity })),
            })),
          ),
      },
      orderPayed: {
        guard: 'service',
        handle: async (call, { orderId }) =>
          await withOrder(orderId, async (orderId) =>
            inRpcWords(mapAnswer(await payOrder(deps, call, { orderId }), () => ({}))),
          ),
      },
      cancelOrder: {
        guard: 'user',
        handle: async (call, { orderId }) =>
          await withOrder(orderId, async (orderId) =>
            inRpcWords(mapAnswer(await cancelOrder(deps, call, { orderId, reason: 'customer' }), () => ({}))),
          ),
      },
      stocks: {
        guard: 'open',
        handle: async (call, { sku }) => {
          if (sku === 0)
            return fail('invalid_argument', { errors: [{ path: '/sku', message: 'must be 1 or more' }] })
          return mapAnswer(await getStock(deps, call, { sku: sku as Sku }), (stocks) => ({
            stocks: stocks.map((stock) => ({
              warehouseId: stock.warehouseId,
              count: BigInt(availableOf(stock)),
            })),
          }))
        },
      },
    },
    {
      insufficient_stock: (details) =>
        anyPack(
          InsufficientStockSchema,
          create(InsufficientStockSchema, {
            orderId: BigInt(String(details.order_id)),
            shortages: (details.shortages as readonly Shortage[]).map(({ sku, wanted, available }) => ({
              sku,
              wanted,
              available: BigInt(available),
            })),
          }),
        ),
    },
  )

function positive(field: string, value: bigint): Violation[] {
  return value >= 1n && value <= int64Max
    ? []
    : [{ path: `/${field}`, message: 'must be an int64 of 1 or more' }]
}

async function withOrder<R>(
  orderId: bigint,
  run: (orderId: OrderId) => Promise<Answer<R>>,
): Promise<Answer<R>> {
  const violations = positive('order_id', orderId)
  return violations.length > 0
    ? fail('invalid_argument', { errors: violations })
    : await run(orderId as OrderId)
}

function itemViolations(items: readonly { readonly sku: number; readonly count: number }[]): Violation[] {
  if (items.length === 0 || items.length > itemsMax) {
    return [{ path: '/items', message: `must have 1 to ${itemsMax} entries` }]
  }
  return items.flatMap(({ sku, count }, index) => [
    ...(sku >= 1 ? [] : [{ path: `/items/${index}/sku`, message: 'must be 1 or more' }]),
    ...(count >= 1 && count <= uint16Max
      ? []
      : [{ path: `/items/${index}/count`, message: `must be from 1 to ${uint16Max}` }]),
  ])
}
