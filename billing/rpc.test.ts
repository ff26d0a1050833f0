//! What loms is answered: by the handlers, and once over a real NATS.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import type { Result } from '../contracts/errors.ts'
import type { TenantId } from '../contracts/ids.ts'
import { CaptureHold, HoldFunds, VoidHold } from '../contracts/rpc/billing.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../contracts/rpc/define.ts'
import { int64Max } from '../contracts/scalars.ts'
import { callOf as callWithin, heard, Stage } from '../runtime/rpc/rpc.fixture.ts'
import { startNatsServer } from '../tests/harness/nats.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { type Billing, billingInMemory, callOf, uah, user, violations } from './fixture.ts'
import { topUp } from './operations/top-up.ts'
import { rpcHandlers } from './rpc.ts'

let billing: Billing
beforeEach(async () => {
  billing = await billingInMemory()
  await topUp(billing.deps, callOf(billing), { userId: user(1), amount: uah(1000) })
})
afterEach(async () => {
  expect(await violations(billing)).toEqual([])
  await billing.store.close()
})

/** Asks the handler of the method, as the server would: nothing passes that is not of the promised shape. */
async function ask<M extends RpcMethod>(
  method: M,
  request: RequestOf<M>,
  tenantId = callOf(billing).tenantId,
): Promise<Result<ReplyOf<M>>> {
  const handler = rpcHandlers(billing.deps).find((handler) => handler.method.subject === method.subject)
  expect(Value.Check(method.request, request)).toBe(true)
  const answer = await handler?.run(callOf(billing, { tenantId }), JSON.parse(JSON.stringify(request)))
  if (answer === undefined) throw new Error(`nobody answers ${method.subject}`)
  if (answer.ok) expect(Value.Check(method.reply, answer.value)).toBe(true)
  return answer as Result<ReplyOf<M>>
}

const request = { order_id: 7, user_id: 1, amount: 400, currency: 'UAH' }
const hold = (own: Partial<RequestOf<typeof HoldFunds>> = {}) => ask(HoldFunds, { ...request, ...own })
const capture = (order_id: number | string = 7) => ask(CaptureHold, { order_id })
const voidIt = (order_id: number | string = 7) => ask(VoidHold, { order_id })
const held = (state: 'held' | 'captured') => ({ ok: true, value: { state } }) as const
const done = { ok: true, value: {} } as const
const refused = (code: string) => ({ ok: false, error: { code } })
const wallet = async () => {
  const [row] = (await billing.rows()).wallets
  return [row?.available, row?.held]
}
const told = async () => (await billing.facts()).slice(1).map(({ type }) => type)

describe('HoldFunds', () => {
  test('sets the money aside, and asked again gives the first answer', async () => {
    expect(await hold()).toEqual(held('held'))
    expect(await changingNothing(billing, () => hold())).toEqual(held('held'))
    expect(await wallet()).toEqual([600, 400])
    expect(await told()).toEqual(['wallet.held'])
    await capture()
    expect(await changingNothing(billing, () => hold())).toEqual(held('captured'))
  })

  test('without enough is refused, and money that comes later is not for this order', async () => {
    expect(await hold({ amount: 1001 })).toMatchObject(refused('insufficient_funds'))
    await topUp(billing.deps, callOf(billing), { userId: user(1), amount: uah(1000) })
    const again = await changingNothing(billing, () => hold({ amount: 1001 }))
    expect(again).toMatchObject(refused('insufficient_funds'))
    expect(await hold({ order_id: 8, amount: 1001 })).toEqual(held('held'))
  })

  test('of somebody who never had a wallet is refused, and opens none', async () => {
    expect(await hold({ user_id: 2 })).toMatchObject(refused('insufficient_funds'))
    expect((await billing.rows()).wallets).toHaveLength(1)
  })

  test('for another user, amount or currency than before is refused', async () => {
    await hold()
    for (const other of [{ user_id: 2 }, { amount: 401 }, { currency: 'EUR' }])
      expect(await changingNothing(billing, () => hold(other))).toEqual(refused('hold_differs') as never)
  })

  test('in a currency of which there is none is refused, and in one that nobody knows is no question', async () => {
    expect(await hold({ currency: 'EUR' })).toMatchObject(refused('insufficient_funds'))
    for (const currency of ['XXX', '', 'toString'])
      expect(await changingNothing(billing, () => hold({ order_id: 8, currency }))).toMatchObject(
        refused('invalid_argument'),
      )
  })

  test('after the order was called off is refused, however late it comes', async () => {
    expect(await voidIt()).toEqual(done)
    expect(await changingNothing(billing, () => hold())).toEqual(refused('hold_closed') as never)
    expect(await changingNothing(billing, () => capture())).toEqual(refused('hold_closed') as never)
    expect(await wallet()).toEqual([1000, 0])
  })
})

describe('CaptureHold', () => {
  test('charges what is held, once', async () => {
    await hold()
    expect(await capture()).toEqual(done)
    expect(await changingNothing(billing, () => capture())).toEqual(done)
    expect(await wallet()).toEqual([600, 0])
    expect(await told()).toEqual(['wallet.held', 'wallet.charged'])
  })

  test('of nothing that is held is refused', async () => {
    expect(await changingNothing(billing, () => capture())).toEqual(refused('hold_not_found') as never)
    await hold({ amount: 5000 })
    expect(await changingNothing(billing, () => capture())).toEqual(refused('hold_not_found') as never)
    await hold({ order_id: 8 })
    await voidIt(8)
    expect(await changingNothing(billing, () => capture(8))).toEqual(refused('hold_closed') as never)
  })
})

describe('VoidHold', () => {
  test('gives the money back, once, and says no word of it', async () => {
    await hold()
    expect(await voidIt()).toEqual(done)
    expect(await changingNothing(billing, () => voidIt())).toEqual(done)
    expect(await wallet()).toEqual([1000, 0])
    expect(await told()).toEqual(['wallet.held'])
    expect(await changingNothing(billing, () => hold())).toEqual(refused('hold_closed') as never)
  })

  test('of a hold that was refused changes nothing', async () => {
    await hold({ amount: 5000 })
    expect(await changingNothing(billing, () => voidIt())).toEqual(done)
  })

  test('after the charge is refused', async () => {
    await hold()
    await capture()
    expect(await changingNothing(billing, () => voidIt())).toEqual(refused('hold_captured') as never)
  })
})

test('whoever says whose order it is touches no other user’s hold', async () => {
  await hold()
  for (const method of [CaptureHold, VoidHold]) {
    const asked = () => ask(method, { order_id: 7, user_id: 2 })
    expect(await changingNothing(billing, asked)).toEqual(refused('hold_differs') as never)
  }
  expect(await ask(VoidHold, { order_id: 8, user_id: 2 })).toEqual(done)
  expect(await ask(CaptureHold, { order_id: 7, user_id: 1 })).toEqual(done)
})

test('an order of another tenant is another order, of another wallet', async () => {
  const other = 'other' as TenantId
  await hold()
  expect(await ask(CaptureHold, { order_id: 7 }, other)).toEqual(refused('hold_not_found') as never)
  expect(await ask(VoidHold, { order_id: 7 }, other)).toEqual(done)
  expect(await ask(HoldFunds, { ...request, order_id: 8 }, other)).toMatchObject(
    refused('insufficient_funds'),
  )
  expect(await capture()).toEqual(done)
})

test('order ids go to the end of int64', async () => {
  expect(await hold({ order_id: String(int64Max) })).toEqual(held('held'))
  expect(await capture(String(int64Max))).toEqual(done)
  const [, fact] = await billing.facts()
  expect(fact).toMatchObject({ key: String(int64Max), data: { order_id: String(int64Max) } })
})

test('over NATS a service is answered by the same handlers, refusals with their details', async () => {
  await using server = await startNatsServer()
  const stage = new Stage()
  try {
    const [side, asking] = [stage.side(server.url), stage.side(server.url)]
    stage.serve(side, 'billing', rpcHandlers(billing.deps))
    await heard(side)
    const client = stage.client(asking)
    const call = callWithin(5000)
    expect(await client.ask(HoldFunds, call, request)).toEqual(held('held'))
    expect(await client.ask(HoldFunds, call, { ...request, order_id: 8, amount: 5000 })).toEqual({
      ok: false,
      error: { code: 'insufficient_funds', details: { required: '50.00' } },
    })
    expect(await client.ask(CaptureHold, call, { order_id: 7 })).toEqual(done)
    expect(await client.ask(VoidHold, call, { order_id: 7 })).toEqual(refused('hold_captured') as never)
  } finally {
    await stage.clear()
  }
})
