//! What was released is kept: facts, questions, messages and codes of today against those of the last release.
import { expect, test } from 'bun:test'
import { brokenPromises, type Promised, promisedAtRelease, promisedNow } from '../tools/generate/release.ts'

const released = await promisedAtRelease()
const now = await promisedNow()

test('a release wrote down facts, questions, messages and codes', () => {
  expect(Object.keys(released.events)).toContain('order.created')
  expect(Object.keys(released.rpc)).toContain('rpc.loms.v1.PlaceCheckout')
  expect(Object.keys(released.protos)).toContain('route256.product.ProductService')
  expect(Object.keys(released.errors)).toContain('insufficient_stock')
})

test('everything that was released is kept', () => {
  expect(brokenPromises(released, now)).toEqual([])
})

test('what is new is no broken promise', () => {
  expect(brokenPromises({ events: {}, rpc: {}, protos: {}, errors: {} }, now)).toEqual([])
})

/** Today's promises after somebody has laid hands on them. */
function after(change: (promised: Record<keyof Promised, Record<string, Json>>) => void): Promised {
  const changed = structuredClone(now)
  change(changed as never)
  return changed
}

type Json = { [name: string]: Json } & { [name: number]: Json }

/** A step into JSON that is known to be there. */
function at(json: Json | undefined, ...path: readonly string[]): Json {
  const there = path.reduce<Json | undefined>((inner, name) => inner?.[name], json)
  if (there === undefined) throw new Error(`there is no ${path.join('/')}`)
  return there
}

test.each<[string, Parameters<typeof after>[0], string]>([
  ['a fact is gone', ({ events }) => delete events['order.created'], 'event order.created: is gone'],
  [
    'a field of a fact is gone',
    ({ events }) => delete at(events['order.created'], 'properties').pay_by,
    'event order.created /pay_by: is gone',
  ],
  [
    'a question is gone',
    ({ rpc }) => delete rpc['rpc.loms.v1.GetAvailable'],
    'question rpc.loms.v1.GetAvailable: is gone',
  ],
  [
    'a question needs more than it did',
    ({ rpc }) =>
      Object.assign(at(rpc['rpc.loms.v1.GetAvailable'], 'request'), { required: ['skus', 'place'] }),
    'question rpc.loms.v1.GetAvailable request /place: is required now',
  ],
  [
    'an answer has less than it had',
    ({ rpc }) => delete at(rpc['rpc.loms.v1.GetAvailable'], 'reply', 'properties').stock,
    'question rpc.loms.v1.GetAvailable reply /stock: is gone',
  ],
  [
    'a field number of a message has another meaning',
    ({ protos }) => Object.assign(at(protos['loms.v1.OrderItem'], '1'), { type: 'STRING' }),
    'proto /loms.v1.OrderItem/1/type: was "UINT32", is "STRING"',
  ],
  [
    'a method is gone',
    ({ protos }) => delete at(protos['loms.v1.LOMS']).Stocks,
    'proto /loms.v1.LOMS/Stocks: is gone',
  ],
  [
    'a code has another status',
    ({ errors }) => Object.assign(at(errors.order_not_found), { rpc: 410 }),
    'error /order_not_found/rpc: was 404, is 410',
  ],
])('it is noticed when %s', (_, change, problem) => {
  expect(brokenPromises(now, after(change))).toContain(problem)
})
