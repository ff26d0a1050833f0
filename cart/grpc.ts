//! cart over gRPC, document B's Checkout: the same operations as over HTTP.
import { fail } from '../contracts/errors.ts'
import { Checkout } from '../contracts/gen/checkout/v1/checkout_pb.ts'
import type { Sku, UserId } from '../contracts/ids.ts'
import { int64Max, uint16Max, uint32Max } from '../contracts/scalars.ts'
import { type Answer, type Call, mapAnswer } from '../runtime/call.ts'
import { type GrpcService, grpcService } from '../runtime/grpc.ts'
import type { Deps } from './deps.ts'
import { addItem } from './operations/add-item.ts'
import { checkout, type UnderWay } from './operations/checkout.ts'
import { clearCart } from './operations/clear-cart.ts'
import { deleteItem } from './operations/delete-item.ts'
import { listCart } from './operations/list-cart.ts'
import { ownCart } from './own-cart.ts'

type Violation = { readonly path: string; readonly message: string }

export const grpc = (deps: Deps & { readonly underWay: UnderWay }): GrpcService =>
  grpcService(Checkout, {
    addToCart: {
      guard: 'user',
      handle: async (call, { user, sku, count }) =>
        await checked(call, user, [...skuViolations(sku), ...countViolations(count, 1)], async () =>
          mapAnswer(
            await addItem(deps, call, { userId: user as UserId, sku: sku as Sku, quantity: count }),
            () => ({}),
          ),
        ),
    },
    deleteFromCart: {
      guard: 'user',
      handle: async (call, { user, sku, count }) =>
        await checked(call, user, [...skuViolations(sku), ...countViolations(count, 0)], async () => {
          // 0 is what an absent count is on the wire: the whole line.
          const quantity = count === 0 ? {} : { quantity: count }
          return mapAnswer(
            await deleteItem(deps, call, { userId: user as UserId, sku: sku as Sku, ...quantity }),
            () => ({}),
          )
        }),
    },
    listCart: {
      guard: 'user',
      handle: async (call, { user }) =>
        await checked(call, user, [], async () => {
          const listed = await listCart(deps, call, { userId: user as UserId })
          // Prices may have risen since the bound was checked, and uint32 cannot say so.
          if (listed.ok && listed.value.totalPrice > uint32Max) return fail('total_out_of_range')
          return mapAnswer(listed, ({ lines, totalPrice }) => ({
            items: lines.map(({ sku, quantity, name, price }) => ({ sku, count: quantity, name, price })),
            totalPrice,
          }))
        }),
    },
    clearCart: {
      guard: 'user',
      handle: async (call, { user }) =>
        await checked(call, user, [], async () =>
          mapAnswer(await clearCart(deps, call, { userId: user as UserId }), () => ({})),
        ),
    },
    purchase: {
      guard: 'user',
      handle: async (call, { user }) =>
        await checked(call, user, [], async () =>
          mapAnswer(await checkout(deps, call, { userId: user as UserId }), ({ orderId }) => ({ orderId })),
        ),
    },
  })

async function checked<R>(
  call: Call,
  user: bigint,
  more: readonly Violation[],
  run: () => Promise<Answer<R>>,
): Promise<Answer<R>> {
  const violations = [...userViolations(user), ...more]
  if (violations.length > 0) return fail('invalid_argument', { errors: violations })
  return await ownCart(call, user as UserId, run)
}

const userViolations = (user: bigint): Violation[] =>
  user >= 1n && user <= int64Max ? [] : [{ path: '/user', message: 'must be an int64 of 1 or more' }]

const skuViolations = (sku: number): Violation[] =>
  sku >= 1 ? [] : [{ path: '/sku', message: 'must be 1 or more' }]

const countViolations = (count: number, min: number): Violation[] =>
  count >= min && count <= uint16Max
    ? []
    : [{ path: '/count', message: `must be from ${min} to ${uint16Max}` }]
