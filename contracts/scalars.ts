//! The numbers of the wire, as schemas and as the one reader and writer of each. Nothing is coerced but what says so here.
import { type TSchema, type TUnsafe, Type } from '@sinclair/typebox'
import type { OrderId, Sku, UserId } from './ids.ts'

export const uint32Max = 4_294_967_295
export const uint16Max = 65_535
export const int64Max = 9_223_372_036_854_775_807n

/**
 * An int64 ≥ 1 as JSON has it: a number up to 2^53−1, or the same as decimal text, which alone is exact beyond
 * (RFC 8259, section 6). The pattern ends at 9223372036854775807.
 */
export const Int64Schema: TUnsafe<number | string> = Type.Unsafe<number | string>(
  Type.Union(
    [
      Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
      Type.String({
        pattern:
          '^([1-9][0-9]{0,17}|[1-8][0-9]{18}|9[01][0-9]{17}|92[01][0-9]{16}|922[0-2][0-9]{15}|9223[0-2][0-9]{14}|92233[0-6][0-9]{13}|922337[01][0-9]{12}|92233720[0-2][0-9]{10}|922337203[0-5][0-9]{9}|9223372036[0-7][0-9]{8}|92233720368[0-4][0-9]{7}|922337203685[0-3][0-9]{6}|9223372036854[0-6][0-9]{5}|92233720368547[0-6][0-9]{4}|922337203685477[0-4][0-9]{3}|9223372036854775[0-7][0-9]{2}|922337203685477580[0-7])$',
      }),
    ],
    { description: 'int64 ≥ 1: a number up to 2^53−1, or decimal text' },
  ),
)

export const SkuSchema: TUnsafe<Sku> = Type.Unsafe<Sku>(
  Type.Integer({ minimum: 1, maximum: uint32Max, description: 'uint32 ≥ 1' }),
)

/** How many SKUs one question may name. */
export const skusMax = 100
export const SkusSchema = Type.Array(SkuSchema, { minItems: 1, maxItems: skusMax })

/** How many pieces; uint16 ≥ 1. */
export const CountSchema = Type.Integer({ minimum: 1, maximum: uint16Max, description: 'uint16 ≥ 1' })

/** Reads what `Int64Schema` let through. */
export function int64Of(value: number | string | bigint): bigint {
  const exact = BigInt(value)
  if (exact < 1n || exact > int64Max) throw new RangeError(`not an int64 ≥ 1: ${value}`)
  return exact
}

export const userIdOf = (value: number | string | bigint): UserId => int64Of(value) as UserId
export const orderIdOf = (value: number | string | bigint): OrderId => int64Of(value) as OrderId

/** Writes an int64 so that it reads back exactly: a number where JSON's numbers are exact, decimal text beyond. */
export function int64ToJson(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= -BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : String(value)
}

/**
 * The schema as messages are held to it: a whole number is one that JSON's numbers have exactly (RFC 8259, section 6). Beyond
 * 2^53−1 what is read is not what was written.
 */
export const exact = <S extends TSchema>(schema: S): S => exactly(schema) as S

function exactly(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(exactly)
  if (typeof part !== 'object' || part === null) return part
  // TypeBox knows its schemas by symbols.
  const copy = Object.fromEntries(
    Reflect.ownKeys(part).map((key) => [key, exactly(Reflect.get(part, key))]),
  ) as { type?: unknown; minimum?: number; maximum?: number }
  if (copy.type !== 'integer') return copy
  const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = copy
  return {
    ...copy,
    minimum: Math.max(minimum, Number.MIN_SAFE_INTEGER),
    maximum: Math.min(maximum, Number.MAX_SAFE_INTEGER),
  }
}
