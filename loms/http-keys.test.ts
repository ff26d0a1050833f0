//! Idempotency keys over HTTP: the same key and request is one effect and one answer, to the letter.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Http } from '../runtime/http.ts'
import { keyLifetimeMs, pruneKeys } from '../runtime/idempotency.ts'
import { patienceMs, pruningOf } from '../runtime/idempotency-pruning.ts'
import { post, refusalOf, type Told } from '../tests/harness/ask.ts'
import { asService } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { httpDoor } from './doors.fixture.ts'
import { type Loms, lomsInMemory, violations } from './fixture.ts'

let loms: Loms
let app: Http
beforeEach(async () => {
  loms = await lomsInMemory([[1, 1, 50]])
  app = httpDoor(loms)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

const order = { user: 7, items: [{ sku: 1, count: 1 }] }
const withKey = (key: string, more: Record<string, string> = {}) => ({ 'idempotency-key': key, ...more })
const create = (body: unknown, headers: Record<string, string>) => post(app, '/order/create', body, headers)
const ordersMade = async () => (await loms.rows()).orders.length
const isReplay = ({ headers }: Told) => headers.get('idempotent-replayed')

/** The repeat is answered as the first was, says that it is a repeat, and has no effect. */
async function replays(first: Told, ask: () => Promise<Told>) {
  const again = await changingNothing(loms, ask)
  expect({ status: again.status, text: again.text }).toEqual({ status: first.status, text: first.text })
  expect([isReplay(first), isReplay(again)]).toEqual([null, 'true'])
}

describe('the same key and body', () => {
  test('is the same order, however the body is written', async () => {
    const first = await create(order, withKey('a'))
    await replays(first, () => create(order, withKey('a')))
    const otherwise = '{ "items": [{"count":1, "sku":1}],\n "user": 7 }'
    await replays(first, () => create(otherwise, withKey('a')))
    expect(await ordersMade()).toBe(1)
  })

  test('gets a refusal again to the letter, also when it would be refused no more', async () => {
    const tooMuch = { user: 7, items: [{ sku: 1, count: 51 }] }
    const first = await create(tooMuch, withKey('a', { 'x-request-id': 'first' }))
    expect(first.status).toBe(412)
    expect(first.body.request_id).toBe('first')
    await replays(first, () => create(tooMuch, withKey('a', { 'x-request-id': 'second' })))
    expect(await ordersMade()).toBe(1)
  })

  test('of a payment or a cancellation gets the first answer, whatever came after', async () => {
    const { orderID } = (await create(order, {})).body
    const missing = await post(app, '/order/pay', { orderID: 99 }, withKey('m'))
    expect(missing.status).toBe(404)
    const cancelled = await post(app, '/order/cancel', { orderID }, withKey('c'))
    const tooLate = await post(app, '/order/pay', { orderID }, withKey('p'))
    expect([cancelled.status, tooLate.status]).toEqual([200, 412])
    await replays(missing, () => post(app, '/order/pay', { orderID: 99 }, withKey('m')))
    await replays(cancelled, () => post(app, '/order/cancel', { orderID }, withKey('c')))
    await replays(tooLate, () => post(app, '/order/pay', { orderID }, withKey('p')))
  })

  test('asked by twenty at once is one order, and one of them is no repeat', async () => {
    const told = await Promise.all(Array.from({ length: 20 }, () => create(order, withKey('a'))))
    expect(new Set(told.map(({ text }) => text)).size).toBe(1)
    expect(told.filter((each) => isReplay(each) === null)).toHaveLength(1)
    expect(await ordersMade()).toBe(1)
  })

  test('is remembered for a day, and is a new request once it is forgotten', async () => {
    const first = await create(order, withKey('a'))
    loms.pass(keyLifetimeMs)
    await pruneKeys(loms.store, loms.now())
    await replays(first, () => create(order, withKey('a')))
    loms.pass(1)
    await pruneKeys(loms.store, loms.now())
    const next = await create(order, withKey('a'))
    expect(isReplay(next)).toBeNull()
    expect(next.body.orderID).not.toBe(first.body.orderID)
    await replays(next, () => create(order, withKey('a')))
  })

  test('is remembered by a process that starts by a clock that was set two days ahead, for as long as one asks again', async () => {
    const first = await create(order, withKey('a'))
    loms.pass(2 * keyLifetimeMs)
    const prune = pruningOf(loms.store, loms.now)
    await prune()
    loms.pass(patienceMs - 1)
    await prune()
    await replays(first, () => create(order, withKey('a')))
    loms.pass(1)
    await prune()
    expect(isReplay(await create(order, withKey('a')))).toBeNull()
  })
})

describe('another request under the key', () => {
  const other = { user: 8, items: order.items }

  test('is refused and changes nothing', async () => {
    await create(order, withKey('a'))
    const said = await changingNothing(loms, () => refusalOf(app, '/order/create', other, withKey('a')))
    expect(said).toEqual({ status: 422, code: 'idempotency_key_reused' })
  })

  test('at the same moment is refused too: one of them is made', async () => {
    const told = await Promise.all([order, other].map((body) => create(body, withKey('a'))))
    expect(told.map(({ status }) => status).toSorted()).toEqual([200, 422])
    expect(await ordersMade()).toBe(1)
  })

  test('is free to come by another route or from another caller', async () => {
    const { orderID } = (await create(order, withKey('a'))).body
    const paid = await post(app, '/order/pay', { orderID }, withKey('a'))
    const theirs = await create(other, withKey('a', asService))
    expect([paid.status, theirs.status]).toEqual([200, 200])
    expect([isReplay(paid), isReplay(theirs)]).toEqual([null, null])
    expect(await ordersMade()).toBe(2)
  })
})

describe('a key', () => {
  test('has 1 to 255 visible characters', async () => {
    expect((await create(order, withKey('~'.repeat(255)))).status).toBe(200)
    for (const key of ['', 'a b', 'x'.repeat(256), 'ключ']) {
      // A header is bytes: text beyond Latin-1 arrives as its UTF-8.
      const sent = Buffer.from(key).toString('latin1')
      const said = await changingNothing(loms, () => refusalOf(app, '/order/create', order, withKey(sent)))
      expect({ key, ...said }).toEqual({ key, status: 400, code: 'idempotency_key_invalid' })
    }
  })

  test('of a request of the wrong shape is not used up', async () => {
    expect((await create({ user: 0, items: [] }, withKey('a'))).status).toBe(400)
    expect((await create(order, withKey('a'))).status).toBe(200)
  })

  test('means nothing where nothing is changed', async () => {
    await create(order, {})
    const first = await post(app, '/order/info', { orderID: 1 }, withKey('a'))
    const second = await post(app, '/stock/info', { sku: 1 }, withKey('a'))
    await post(app, '/order/pay', { orderID: 1 }, withKey('a'))
    const third = await post(app, '/order/info', { orderID: 1 }, withKey('a'))
    expect([first.body.status, second.body.count, third.body.status]).toEqual([
      'awaiting payment',
      49,
      'payed',
    ])
  })
})

test('keys are answered after a restart as before it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kiosk-loms-'))
  const url = `sqlite:${join(folder, 'loms.sqlite')}`
  try {
    const before = await lomsInMemory([[1, 1, 5]], url)
    const first = await post(httpDoor(before), '/order/create', order, withKey('a'))
    await before.store.close()

    const after = await lomsInMemory([], url)
    const again = await changingNothing(after, () =>
      post(httpDoor(after), '/order/create', order, withKey('a')),
    )
    expect({ text: again.text, replay: isReplay(again) }).toEqual({ text: first.text, replay: 'true' })
    await after.store.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
