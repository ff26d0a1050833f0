//! Ids say what they are ids of: users and orders are branded int64 (a sequence), everything else is `<prefix>_…`.
import { type TString, type TUnsafe, Type } from '@sinclair/typebox'

const prefixes = {
  event: 'evt',
  product: 'prod',
  checkout: 'chk',
  line: 'lin',
  notice: 'ntc',
  session: 'ses',
  entry: 'ent',
  payment: 'pay',
  shipment: 'shp',
  request: 'req',
} as const

export type IdKind = keyof typeof prefixes
export type Id<K extends IdKind> = `${(typeof prefixes)[K]}_${string}`
export type EventId = Id<'event'>
export type ProductId = Id<'product'>
export type CheckoutId = Id<'checkout'>
/** A line of a cart, from when it was put in until it is gone: put in again, it is another. */
export type LineId = Id<'line'>
export type PaymentId = Id<'payment'>
export type NoticeId = Id<'notice'>
export type RequestId = Id<'request'>

/** UUIDv7 starts with a timestamp, so ids sort by creation and index well. */
export function newId<K extends IdKind>(kind: K): Id<K> {
  return `${prefixes[kind]}_${Bun.randomUUIDv7().replaceAll('-', '')}`
}

/** How a process makes ids: handed in, so that a simulated history repeats itself. */
export type NewId = typeof newId

/** The schema for an id at a boundary; what passes it has type `Id<K>`. */
export function idSchema<K extends IdKind>(kind: K): TUnsafe<Id<K>> {
  const prefix = prefixes[kind]
  return Type.Unsafe<Id<K>>(
    Type.String({
      pattern: `^${prefix}_[A-Za-z0-9]{1,64}$`,
      description: `an id of a ${kind}: ${prefix}_ and 1 to 64 letters and digits`,
      examples: [`${prefix}_123`],
    }) as TString,
  )
}

declare const brand: unique symbol
type Branded<T, B extends string> = T & { readonly [brand]: B }

/** int64 ≥ 1. */
export type UserId = Branded<bigint, 'user'>
/** int64 ≥ 1, given by loms in ascending order. */
export type OrderId = Branded<bigint, 'order'>
/** uint32 ≥ 1: what is sold. */
export type Sku = Branded<number, 'sku'>
/** int64 ≥ 1. */
export type WarehouseId = Branded<bigint, 'warehouse'>
/** Whose shop it is; `default` where nobody says otherwise. */
export type TenantId = Branded<string, 'tenant'>

export const defaultTenant = 'default' as TenantId
