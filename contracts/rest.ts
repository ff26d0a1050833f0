//! What the resources under `/api/v1` have in common: pages, money, ids and SKUs as text.
import { type TSchema, Type } from '@sinclair/typebox'
import type { DomainError } from './errors.ts'
import { idSchema, type Sku } from './ids.ts'
import { type Currency, exponents, type Money, money } from './money.ts'
import { CountSchema, Int64Schema, SkuSchema, uint32Max } from './scalars.ts'

export const pageLimitDefault = 20
export const pageLimitMax = 100

/** The query of a list; to be spread into a route's own. */
export const pageQuery = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageLimitMax, default: pageLimitDefault })),
}

export type PageQuery = { readonly page?: number | undefined; readonly limit?: number | undefined }
export type Page = { readonly limit: number; readonly offset: number; readonly number: number }

export function pageOf({ page = 1, limit = pageLimitDefault }: PageQuery): Page {
  return { limit, offset: (page - 1) * limit, number: page }
}

/** The reply of a list. */
export const listOf = <T extends TSchema>(item: T) =>
  Type.Object({
    data: Type.Array(item),
    meta: Type.Object({
      page: Type.Integer({ minimum: 1 }),
      limit: Type.Integer({ minimum: 1 }),
      total: Type.Integer({ minimum: 0 }),
      pages: Type.Integer({ minimum: 0 }),
    }),
  })

export function listReply<T>(data: T[], page: Page, total: number) {
  return { data, meta: { page: page.number, limit: page.limit, total, pages: Math.ceil(total / page.limit) } }
}

/** The page that is asked for of what is at hand as a whole. */
export function pageOfAll<T>(all: readonly T[], query: PageQuery) {
  const page = pageOf(query)
  return listReply(all.slice(page.offset, page.offset + page.limit), page, all.length)
}

/** Money as it is sent to us: `"1500.00"`, `"1500"`, or a JSON number with at most two decimals. */
export const AmountSchema = Type.Unsafe<number | string>(
  Type.Union(
    [
      Type.Number({ minimum: 0, maximum: 1_000_000_000_000 }),
      Type.String({ pattern: '^[0-9]{1,13}(\\.[0-9]{1,2})?$' }),
    ],
    { description: 'money from 0 to 1000000000000: decimal text, or a number with at most two decimals' },
  ),
)

/** Money as we send it: decimal text with the currency's digits. */
export const DecimalSchema = Type.String({ pattern: '^-?[0-9]+(\\.[0-9]{2,3})?$', examples: ['1500.00'] })

/** Reads what `AmountSchema` let through; undefined where a number has more decimals than the currency. */
export function amountOf(given: number | string, currency: Currency): Money | undefined {
  const digits = exponents[currency]
  // The shortest decimal text of a number is what its sender wrote; 0.1 + 0.2 is none of ours.
  const text = typeof given === 'number' ? numberText(given) : given
  const [whole = '', decimals = ''] = (text ?? '').split('.')
  if (!/^[0-9]+$/.test(whole) || !/^[0-9]*$/.test(decimals) || decimals.length > digits) return undefined
  const amount = Number(whole + decimals.padEnd(digits, '0'))
  return Number.isSafeInteger(amount) ? money(amount, currency) : undefined
}

function numberText(given: number): string | undefined {
  const text = String(given)
  return /^[0-9]+(\.[0-9]+)?$/.test(text) ? text : undefined
}

/** A SKU as it is sent to us: a number, or the text that we send. The pattern ends at 4294967295. */
export const SkuTextSchema = Type.Unsafe<number | string>(
  Type.Union(
    [
      SkuSchema,
      Type.String({
        pattern:
          '^([1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[01][0-9]{2}|42949672[0-8][0-9]|429496729[0-5])$',
      }),
    ],
    { description: 'uint32 ≥ 1, also as text' },
  ),
)

/** Reads what `SkuTextSchema` let through. */
export const skuOf = (given: number | string): Sku => Number(given) as Sku

/** Text that says something. */
export const writtenText = (maxLength: number) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: '\\S',
    description: `text of 1 to ${maxLength} characters, not only blanks`,
  })

export const PhoneSchema = Type.String({
  maxLength: 32,
  pattern: '^\\+?[0-9][0-9 ()-]{4,30}$',
  description:
    'a phone number of 5 to 32 characters, such as +380 44 123 45 67: digits, blanks, brackets and dashes, first a + or a digit',
})

/** The SKU in a path. */
export const SkuParams = Type.Object({
  sku: Type.Integer({ minimum: 1, maximum: uint32Max, examples: [123] }),
})

/** The number of an order, or of a user, in a path. */
export const IdParams = Type.Object({ id: Type.Unsafe<number | string>({ ...Int64Schema, examples: ['1'] }) })

/** So many pieces of a product, which is named by its SKU or its id, and not by both. */
export const ItemSchema = Type.Object(
  {
    sku: Type.Optional(SkuTextSchema),
    product_id: Type.Optional(idSchema('product')),
    quantity: CountSchema,
  },
  { examples: [{ product_id: 'prod_123', quantity: 2 }], description: 'sku or product_id, and not both' },
)

type Shortages = readonly { readonly sku: number }[]

/** A refusal in the words of the resources: the order and the SKUs that it names are text, as in all other answers. */
export function refusedInText<A extends { readonly ok: boolean; readonly error?: DomainError }>(
  answer: A,
): A {
  if (answer.error?.details === undefined) return answer
  const { details } = answer.error
  const { order_id, skus, shortages } = details
  const said = {
    ...details,
    ...(order_id !== undefined && { order_id: String(order_id) }),
    ...(Array.isArray(skus) && { skus: skus.map(String) }),
    ...(Array.isArray(shortages) && {
      shortages: (shortages as Shortages).map((each) => ({ ...each, sku: String(each.sku) })),
    }),
  }
  return { ...answer, error: { ...answer.error, details: said } }
}
