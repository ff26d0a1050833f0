//! What the resources under `/api/v1` have in common: pages, money as text, times.
import { type TSchema, Type } from '@sinclair/typebox'
import { type Currency, exponents, type Money, money } from './money.ts'

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

/** Money as it is sent to us: `"1500.00"`, `"1500"`, or a JSON number with at most two decimals. */
export const AmountSchema = Type.Unsafe<number | string>(
  Type.Union(
    [
      Type.Number({ minimum: 0, maximum: 1_000_000_000_000 }),
      Type.String({ pattern: '^[0-9]{1,13}(\\.[0-9]{1,2})?$' }),
    ],
    { description: 'money: decimal text, or a number with at most two decimals' },
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
