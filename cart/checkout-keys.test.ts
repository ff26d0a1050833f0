//! Idempotency keys of checkouts, which span two services: answered by whoever ends the checkout.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { fail } from '../contracts/errors.ts'
import type { UserId } from '../contracts/ids.ts'
import type { Http } from '../runtime/http.ts'
import { keyLifetimeMs, pruneKeys } from '../runtime/idempotency.ts'
import { post, type Told } from '../tests/harness/ask.ts'
import { asService } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Cart, callOf, checkoutWindowMs, startCart } from './fixture.ts'
import { checkout as checkOut } from './operations/checkout.ts'

let cart: Cart
let app: Http
beforeEach(async () => {
  cart = await startCart()
  cart.others.offer([1, 250, 1000])
  app = cart.httpDoor()
})
afterEach(() => cart.close())

async function add(count = 1) {
  expect((await post(app, '/cart/item/add', { user: 7, sku: 1, count })).status).toBe(200)
}
const checkout = (key?: string, more: Record<string, string> = {}, user = 7) =>
  post(app, '/cart/checkout', { user }, key === undefined ? more : { 'idempotency-key': key, ...more })
const isReplay = ({ headers }: Told) => headers.get('idempotent-replayed')
const keys = async () => {
  const rows = await cart.store.read((tx) => tx.db.select().from(tx.tables.idempotencyKeys))
  return Object.fromEntries(rows.map(({ key, answer }) => [key, answer === null ? 'started' : 'answered']))
}

/** Asks with a key that has its answer, and expects that answer, to the letter and without an effect. */
async function replays(key: string, first: Pick<Told, 'status' | 'text'>, more: Record<string, string> = {}) {
  const again = await changingNothing(cart, () => checkout(key, more))
  expect({ status: again.status, text: again.text, replay: isReplay(again) }).toEqual({
    status: first.status,
    text: first.text,
    replay: 'true',
  })
}

describe('a key', () => {
  test('gives the same order again, also when the cart has been filled anew', async () => {
    await add()
    const first = await checkout('a')
    expect([first.body, isReplay(first)]).toEqual([{ orderID: 1 }, null])
    await replays('a', first)
    await add()
    await replays('a', first)
    expect(await cart.lines(7)).toEqual([[1, 1]])
    expect((await checkout('b')).body).toEqual({ orderID: 2 })
  })

  test('gives a refusal again, also when it would be refused no more', async () => {
    const empty = await checkout('e')
    expect(empty.status).toBe(412)
    await add(5)
    await replays('e', empty)
    cart.others.stock.set(1, 4)
    const short = await checkout('s')
    expect([short.status, short.body.code]).toEqual([412, 'insufficient_stock'])
    cart.others.stock.set(1, 100)
    await replays('s', short)
    expect(cart.others.placed).toEqual([])
  })

  test('on twenty at once is one order and one answer', async () => {
    await add()
    const told = await Promise.all(Array.from({ length: 20 }, () => checkout('a')))
    expect(told.map(({ status, body }) => [status, body])).toEqual(told.map(() => [200, { orderID: 1 }]))
    expect(cart.others.orders).toHaveLength(1)
    expect(await keys()).toEqual({ a: 'answered' })
  })

  test('of each of twenty at once, or none, is one order, and every key is answered with it', async () => {
    await add()
    const told = await Promise.all(
      Array.from({ length: 20 }, (_, i) => checkout(i % 4 === 0 ? undefined : `k${i}`)),
    )
    expect(told.map(({ status, body }) => [status, body])).toEqual(told.map(() => [200, { orderID: 1 }]))
    expect(cart.others.orders).toHaveLength(1)
    for (let i = 1; i < 20; i += 1) if (i % 4 !== 0) await replays(`k${i}`, told[i] as Told)
  })

  test('of another request is refused, while the first is under way and after it', async () => {
    await add()
    let meanwhile: Told | undefined
    cart.others.meanwhile = async () => {
      meanwhile = await checkout('a', {}, 8)
    }
    await checkout('a')
    const after = await changingNothing(cart, () => checkout('a', {}, 8))
    for (const said of [meanwhile, after])
      expect(said).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } })
  })

  test('of another caller is another key, also for the same checkout', async () => {
    await add()
    let joined: Told | undefined
    cart.others.meanwhile = async () => {
      cart.others.meanwhile = async () => undefined
      joined = await checkout('a', asService)
    }
    const first = await checkout('a')
    expect([first.body, joined?.body]).toEqual([{ orderID: 1 }, { orderID: 1 }])
    await replays('a', first)
    await replays('a', first, asService)
  })

  test('is a new request once it is forgotten, after a day', async () => {
    await add()
    await checkout('a')
    await add()
    cart.others.pass(keyLifetimeMs + 1)
    await pruneKeys(cart.store, cart.others.now())
    expect((await checkout('a')).body).toEqual({ orderID: 2 })
  })
})

describe('a caller without a key', () => {
  test('who asks while a key is answered from memory buys what is in the cart now', async () => {
    await add()
    await checkout('a')
    await add(3)
    const [replay, fresh] = await Promise.all([checkout('a'), checkout()])
    expect([replay.body, isReplay(replay)]).toEqual([{ orderID: 1 }, 'true'])
    expect([fresh.body, isReplay(fresh)]).toEqual([{ orderID: 2 }, null])
    expect(await cart.lines(7)).toEqual([])
  })

  test('who asks while a key is refused as reused is not refused for it', async () => {
    await checkout('a', {}, 8)
    await add()
    const [reused, fresh] = await Promise.all([checkout('a'), checkout()])
    expect([reused.status, fresh.status]).toEqual([422, 200])
  })
})

describe('a key whose checkout is not known to have ended', () => {
  beforeEach(async () => {
    await add(2)
    cart.others.fateOf = () => 'answer lost'
    expect((await checkout('a')).status).toBe(503)
    expect(await keys()).toEqual({ a: 'started' })
  })

  test('drives that checkout to its end when it is asked again', async () => {
    expect((await checkout('a')).status).toBe(503)
    cart.others.fateOf = () => 'answered'
    const said = await checkout('a')
    expect(said.body).toEqual({ orderID: 1 })
    await replays('a', said)
    expect(cart.others.orders).toHaveLength(1)
  })

  test('is answered when a call without a key ends it', async () => {
    cart.others.fateOf = () => 'answered'
    const said = await checkout()
    expect(said.body).toEqual({ orderID: 1 })
    await replays('a', said)
  })

  test('is answered when a call with another key ends it, and both are', async () => {
    cart.others.fateOf = () => 'answered'
    const said = await checkout('b')
    await replays('a', said)
    await replays('b', said)
  })

  test('is answered when the clock settles it', async () => {
    cart.others.fateOf = () => 'answered'
    cart.others.pass(checkoutWindowMs)
    await cart.settle()
    await replays('a', { status: 200, text: '{"orderID":1}' })
  })

  test('is not answered with "not now", and no other key is kept for that', async () => {
    expect((await checkout('b')).status).toBe(503)
    expect((await checkout()).status).toBe(503)
    expect(await keys()).toEqual({ a: 'started' })
  })
})

describe('a key that is asked twice at once', () => {
  test('for a checkout of another key has one answer, also where that ends between the two', async () => {
    await add()
    const arrived = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    // The first question is that of `a`; what `b` asks about the same checkout takes longer.
    cart.others.meanwhile = async () => {
      cart.others.meanwhile = async () => {
        arrived.resolve()
        await released.promise
      }
      joined = checkout('b')
      await arrived.promise
    }
    let joined: Promise<Told> | undefined
    expect((await checkout('a')).body).toEqual({ orderID: 1 })
    const repeated = await checkout('b')
    released.resolve()
    const first = await joined
    expect([first?.status, first?.text]).toEqual([repeated.status, repeated.text])
    await replays('b', repeated)
  })

  test('and whose checkout the clock settles meanwhile is answered as it was settled', async () => {
    await add(5)
    cart.others.stock.set(1, 4)
    const { rpc } = cart.deps
    const deps = {
      ...cart.deps,
      rpc: {
        ask: async (...question: Parameters<typeof rpc.ask>) => {
          const answer = await rpc.ask(...question)
          cart.others.pass(checkoutWindowMs)
          await cart.settle()
          return answer
        },
      } as typeof rpc,
    }
    const call = () => callOf(cart, { key: 'a', fingerprint: 'f' })
    const request = { userId: 7n as UserId }
    const first = await checkOut(deps, call(), request)
    const { replayOf: _, ...again } = await checkOut(cart.deps, call(), request)
    expect(first).toMatchObject(again)
    expect(again).toMatchObject(fail('insufficient_stock'))
    expect(first.ok ? undefined : first.error).toEqual(again.ok ? undefined : again.error)
  })
})

test('a key of a checkout that came too late is free: asked again, it buys the cart', async () => {
  await add(2)
  cart.others.meanwhile = async () => cart.others.pass(checkoutWindowMs + 1)
  expect((await checkout('a')).status).toBe(503)
  expect(await keys()).toEqual({})
  cart.others.meanwhile = async () => undefined
  const said = await checkout('a')
  expect([said.body, isReplay(said)]).toEqual([{ orderID: 1 }, null])
  await replays('a', said)
})
