//! The one map between the words of the RPC surface (document A) and the words that are stored (document C).

export const orderStatuses = [
  'pending',
  'confirmed',
  'processing',
  'shipped',
  'delivered',
  'failed',
  'cancelled',
  'refunded',
] as const
export type OrderStatus = (typeof orderStatuses)[number]

export const isOrderStatus = (word: unknown): word is OrderStatus =>
  orderStatuses.some((status) => status === word)

/** Document A's words. `new` is never observable: placing an order and reserving its stock are one transaction. */
export type RpcOrderStatus = 'new' | 'awaiting payment' | 'failed' | 'payed' | 'cancelled'

const rpcWords = {
  pending: 'awaiting payment',
  confirmed: 'payed',
  processing: 'payed',
  shipped: 'payed',
  delivered: 'payed',
  failed: 'failed',
  cancelled: 'cancelled',
  refunded: 'cancelled',
} as const satisfies Record<OrderStatus, RpcOrderStatus>

/** The word by which the RPC and gRPC surfaces call a stored status. */
export function rpcStatus(status: OrderStatus): RpcOrderStatus {
  return rpcWords[status]
}
