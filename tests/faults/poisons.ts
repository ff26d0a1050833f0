//! Messages that nobody can read: everything that a stranger, another version or a broken sender may put where we listen.
import type { TObject, TSchema } from '@sinclair/typebox'
import { newId } from '../../contracts/ids.ts'
import type { Chance } from './chance.ts'

export type Poison = {
  readonly kind: string
  readonly subject: string
  readonly headers: Readonly<Record<string, string>>
  readonly data: string | Uint8Array
  /** What becomes of it: put aside with its reason, or passed by, as nobody here acts on it. */
  readonly fate: 'dead' | 'passed'
}

/** A reader as its poisoner sees it. */
export type Target = {
  /** Those that it acts on. */
  readonly types: readonly [string, ...string[]]
  /** Of the same stream, and acted on by nobody. */
  readonly unknownType: string
  /** The data of a real fact, as JSON has it. */
  readonly sample: Readonly<Record<string, unknown>>
  /** The fields of it that all its types must have. */
  readonly required: readonly [string, ...string[]]
}

/** NATS takes 1 MB with its headers. */
const hugeBytes = 1_000_000
const nesting = 200_000

type Part = Pick<Poison, 'kind' | 'data'>
type Kinds = readonly [(chance: Chance) => Part, ...((chance: Chance) => Part)[]]

/** What is no JSON, or of no shape that anybody expects; also where a question is expected. */
const bodies: Kinds = [
  () => ({ kind: 'empty', data: '' }),
  (chance) => ({ kind: 'bytes', data: bytesOf(chance, chance.between(1, 2_000)) }),
  () => ({ kind: 'NUL', data: '\0\0\0' }),
  () => ({ kind: 'half a character', data: new Uint8Array([0x22, 0xd0, 0x22]) }),
  () => ({ kind: 'an escaped NUL', data: '{"tenant_id":"\\u0000"}' }),
  (chance) => ({ kind: 'other JSON', data: chance.pick(['null', 'true', '0', '"x"', '[]', '{}', '[{}]']) }),
  () => ({ kind: 'a number beyond numbers', data: '1e999' }),
  () => ({ kind: 'prototype', data: '{"__proto__":{"order_id":1,"sku":1},"constructor":{"prototype":1}}' }),
  () => ({ kind: 'a lone surrogate', data: '{"order_id":"\\ud800","sku":"\\udfff"}' }),
]

/** One in so many is heavy to carry or to parse: it is their kind that is of interest, and not how many fit through. */
const heavyOnceIn = 50

const heavy: Kinds = [
  () => ({ kind: 'deep', data: '['.repeat(nesting) + ']'.repeat(nesting) }),
  () => ({ kind: 'deep and broken', data: '{"a":'.repeat(nesting) }),
  () => ({ kind: 'huge text', data: JSON.stringify('x'.repeat(hugeBytes)) }),
  () => ({ kind: 'huge list', data: `[${'{},'.repeat(hugeBytes / 3 - 1)}{}]` }),
  () => ({ kind: 'huge object', data: `{"items":[${'{},'.repeat(hugeBytes / 3 - 10)}{}]}` }),
]

export const poisonBody = (chance: Chance): Part =>
  chance.between(1, heavyOnceIn) === 1 ? chance.pick(heavy)(chance) : chance.pick(bodies)(chance)

/** One message for a reader, of whatever kind chance has it. */
export function poisonFor(target: Target, chance: Chance): Poison {
  const subject = chance.pick(target.types)
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': newId('event'),
    'ce-type': subject,
    'ce-time': new Date().toISOString(),
    'ce-subject': `nobody-${chance.between(1, 1_000_000)}`,
  }
  const whole = { subject, headers, fate: 'dead' } as const
  const sample = JSON.stringify(target.sample)
  const field = chance.pick(target.required)
  const without = (name: keyof typeof headers) =>
    Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name))
  return chance.pick<() => Poison>([
    () => ({ ...whole, ...poisonBody(chance) }),
    () => ({ ...whole, ...poisonBody(chance) }),
    () => ({ ...whole, kind: 'cut off', data: sample.slice(0, chance.between(1, sample.length - 1)) }),
    () => ({
      ...whole,
      kind: 'a field is missing',
      data: JSON.stringify({ ...target.sample, [field]: undefined }),
    }),
    () => ({
      ...whole,
      kind: 'a field of another type',
      data: JSON.stringify({ ...target.sample, [field]: { a: 1 } }),
    }),
    () => ({
      ...whole,
      kind: 'a number that is not exact',
      data: JSON.stringify({ ...target.sample, [field]: 2 ** 60 }),
    }),
    () => ({
      ...whole,
      kind: 'another version',
      headers: { ...headers, 'ce-specversion': '9.0', 'ce-dataschema': 'urn:kiosk:9' },
      data: JSON.stringify({ v: 9, data: target.sample }),
    }),
    () => ({ ...whole, kind: 'no id', headers: without('ce-id'), data: sample }),
    () => ({
      ...whole,
      kind: 'an id too long',
      headers: { ...headers, 'ce-id': 'e'.repeat(129) },
      data: sample,
    }),
    () => ({ ...whole, kind: 'no key', headers: without('ce-subject'), data: sample }),
    () => ({
      ...whole,
      kind: 'a key too long',
      headers: { ...headers, 'ce-subject': 'k'.repeat(256) },
      data: sample,
    }),
    () => ({ ...whole, kind: 'a key of NUL', headers: { ...headers, 'ce-subject': '%00' }, data: sample }),
    () => ({ ...whole, kind: 'no time', headers: without('ce-time'), data: sample }),
    () => ({
      ...whole,
      kind: 'no such time',
      headers: { ...headers, 'ce-time': '2026-02-31T00:00:00Z' },
      data: sample,
    }),
    () => ({
      ...whole,
      kind: 'another type',
      headers: { ...headers, 'ce-type': target.unknownType },
      data: sample,
    }),
    () => ({ ...whole, kind: 'another subject', subject: target.unknownType, data: sample }),
    () => ({
      ...whole,
      kind: 'long headers',
      headers: { ...without('ce-time'), 'x-long': 'h'.repeat(30_000) },
      data: '',
    }),
    () => ({
      kind: 'an unknown type',
      subject: target.unknownType,
      headers: { ...headers, 'ce-type': target.unknownType },
      data: poisonBody(chance).data,
      fate: 'passed',
    }),
    () => ({
      kind: 'no headers, unknown',
      subject: target.unknownType,
      headers: {},
      data: 'hello',
      fate: 'passed',
    }),
  ])()
}

function bytesOf(chance: Chance, length: number): Uint8Array {
  // The first is no beginning of anything in UTF-8.
  return Uint8Array.from({ length }, (_, index) => (index === 0 ? 0xff : chance.between(0, 255)))
}

/** The fields that an object of every one of the schemas must have. */
export function requiredByAll(schemas: readonly TObject[]): readonly string[] {
  const [first, ...others] = schemas.map((schema: TSchema) => (schema.required ?? []) as readonly string[])
  return (first ?? []).filter((name) => others.every((names) => names.includes(name)))
}
