//! Values made from our own schemas: right ones, and ones with one thing wrong with them.
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { demoProducts } from '../../../tools/seed/shop.ts'

/** Of everybody who is there from the beginning. */
export const demoPassword = 'correct horse battery staple'

const skus = demoProducts.map(({ sku }) => sku)
const few = (most: number) => fc.integer({ min: 1, max: most })

/** What is there to be found: chance alone would hardly ever name an order. */
const known: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  token: fc.constant('testtoken'),
  sku: fc.constantFrom(...skus),
  skus: fc.uniqueArray(fc.constantFrom(...skus), { minLength: 1, maxLength: 20 }),
  user: few(20),
  user_id: few(20),
  orderID: few(300),
  order_id: few(300),
  count: few(5),
  quantity: few(5),
  login: fc.constantFrom('olena', 'petro', 'ivan'),
  password: fc.constant(demoPassword),
  current_password: fc.constant(demoPassword),
  new_password: fc.constant(demoPassword),
  product_id: fc.constantFrom('prod_123', 'prod_1', 'prod_2001'),
}

/** Values of the schema; fields of a known name mostly have a value that is there. */
export function arbitraryOf(schema: TSchema, name = ''): fc.Arbitrary<unknown> {
  const whatever = anyOf(schema)
  const hint = name === 'id' ? idOf(schema) : Object.hasOwn(known, name) ? known[name] : undefined
  return hint === undefined
    ? whatever
    : fc.oneof({ weight: 4, arbitrary: hint }, { weight: 1, arbitrary: whatever })
}

/** Of an order or a user, or of a product. */
function idOf(schema: TSchema): fc.Arbitrary<unknown> | undefined {
  if (Value.Check(schema, 1)) return fc.oneof(few(6), few(300))
  return Value.Check(schema, 'prod_1') ? known.product_id : undefined
}

function anyOf(schema: TSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (Array.isArray(schema.anyOf))
    return fc.oneof(...(schema.anyOf as TSchema[]).map((option) => arbitraryOf(option)))
  switch (schema.type) {
    case 'object':
      return objectOf(schema)
    case 'array':
      return fc.array(arbitraryOf(schema.items as TSchema), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 20, Math.max(20, schema.minItems ?? 0)),
      })
    case 'integer':
    case 'number':
      return numberOf(schema)
    case 'string':
      return textOf(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      throw new Error(`no values for the schema ${JSON.stringify(schema)}`)
  }
}

function objectOf(schema: TSchema): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, TSchema>)
  const model = Object.fromEntries(properties.map(([name, property]) => [name, arbitraryOf(property, name)]))
  return fc.record(model, { requiredKeys: (schema.required ?? []) as string[] })
}

function numberOf({ minimum, maximum, multipleOf }: TSchema): fc.Arbitrary<number> {
  const min = minimum ?? Number.MIN_SAFE_INTEGER
  const max = maximum ?? Number.MAX_SAFE_INTEGER
  if (multipleOf !== undefined) return few(1000).map((times) => times * multipleOf)
  return fc.oneof(
    fc.constantFrom(min, max),
    fc.integer({ min, max: Math.min(max, min + 10) }),
    fc.integer({ min, max }),
  )
}

function textOf({ pattern, format, minLength = 0, maxLength = 200 }: TSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return moment
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  const size = { minLength, maxLength: Math.min(maxLength, Math.max(200, minLength)) }
  return fc.oneof(
    fc.string({ unit: 'grapheme', ...size }).filter((text) => text.length <= maxLength),
    fc.constant('x'.repeat(maxLength)),
  )
}

const moment = fc.oneof(
  fc
    .date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.constantFrom('2025-01-01T00:00:00Z', '2026-02-28T23:59:59.999+14:00', '2025-06-30T23:59:59-00:30'),
)

/** What goes wrong with one part of it. */
export type Wrong = { readonly at: number; readonly how: number; readonly what: unknown }

const strange = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1.5,
  65_536,
  4_294_967_296,
  2 ** 53,
  2 ** 60,
  -(2 ** 63),
  1e21,
  1e308,
  '',
  ' ',
  '0',
  '-1',
  '01',
  '1e3',
  '9223372036854775807',
  '9223372036854775808',
  'null',
  'constructor',
  '\u0000',
  '\ud800',
  '\u202e',
  'ключ',
  '😀'.repeat(50),
  'x'.repeat(5_000),
  "'; drop table orders; --",
  '$user',
  '{{7*7}}',
  [],
  [[]],
  [null],
  {},
  { length: 1 },
  { toString: 1 },
  { $gt: 0 },
  JSON.parse('{"__proto__":{"isService":true}}') as unknown,
  JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown,
]

export const wrong: fc.Arbitrary<Wrong> = fc.record({
  at: fc.nat(1_000),
  how: fc.nat(3),
  what: fc.oneof(fc.constantFrom(...strange), fc.jsonValue({ maxDepth: 3 })),
})

type Place = { readonly holder: Record<string, unknown> | unknown[]; readonly key: string }

/** The value with one part of it left out, replaced, repeated, or added to; it may be right all the same. */
export function spoiled(value: unknown, { at, how, what }: Wrong): unknown {
  const root = { value: structuredClone(value) }
  const places = placesIn(root)
  const place = places[at % places.length]
  if (place === undefined) return what
  const { holder, key } = place
  if (how === 0 && holder !== root && !Array.isArray(holder)) delete holder[key]
  else if (how === 1 && !Array.isArray(holder) && holder !== root) define(holder, `${key}_`, what)
  else if (how === 2 && Array.isArray(holder)) holder.push(...holder, ...holder)
  else define(holder, key, what)
  return root.value
}

/** The value with every part of it in turn replaced by everything strange. */
export function* replacements(value: unknown): Generator<unknown> {
  for (const at of placesIn({ value }).keys())
    for (const what of strange) yield spoiled(value, { at, how: 3, what })
}

// Not by assignment, which `__proto__` would turn into something else.
function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function placesIn(holder: Record<string, unknown> | unknown[]): Place[] {
  return Object.entries(holder).flatMap(([key, value]) => [
    { holder, key },
    ...(typeof value === 'object' && value !== null ? placesIn(value as Record<string, unknown>) : []),
  ])
}

/** Half of them right, half with one thing wrong. */
export function requestsOf(schema: TSchema): fc.Arbitrary<unknown> {
  const right = arbitraryOf(schema)
  return fc.oneof(
    right,
    fc.tuple(right, wrong).map(([value, how]) => spoiled(value, how)),
  )
}
