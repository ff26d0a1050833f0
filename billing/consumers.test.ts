//! The facts of accounts and loms: wallets are opened, and the money of orders goes where the order went, once.
import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { Registry } from 'prom-client'
import { UserRegistered } from '../contracts/events/accounts.ts'
import type { DataOf, EventType } from '../contracts/events/define.ts'
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderPaymentRefused,
  OrderRejected,
} from '../contracts/events/loms.ts'
import type { Sku } from '../contracts/ids.ts'
import { defaultTenant, newId, type TenantId } from '../contracts/ids.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { createLog } from '../runtime/log.ts'
import type { OutgoingFact } from '../runtime/messages/fact-stream.ts'
import type { Handler } from '../runtime/messages/handler.ts'
import { MemoryStream } from '../runtime/messages/memory-stream.fixture.ts'
import { type Reader, startReader } from '../runtime/messages/reader.ts'
import { waitUntil } from '../runtime/rpc/rpc.fixture.ts'
import { accountsFacts, lomsFacts } from './consumers.ts'
import type { Deps } from './deps.ts'
import { type Billing, billingInMemory, callOf, order, uah, user, violations } from './fixture.ts'
import { captureHold } from './operations/capture-hold.ts'
import { chargeOrder } from './operations/charge-order.ts'
import { holdFunds } from './operations/hold-funds.ts'
import { topUp } from './operations/top-up.ts'
import type { Tables } from './store/schema.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

let billing: Billing
let readers: Reader[]
beforeEach(async () => {
  billing = await billingInMemory()
  readers = []
  await topUp(billing.deps, callOf(billing), { userId: user(1), amount: uah(1000) })
})
afterEach(async () => {
  for (const reader of readers) await reader.stop()
  expect(await violations(billing)).toEqual([])
  await billing.store.close()
})

/** A reader on a stream of its own; `tell` resolves when it has read everything. */
function listening(
  name: string,
  handlers: (deps: Deps) => readonly Handler<Tables>[],
  own: Partial<Deps> = {},
) {
  const stream = new MemoryStream(name, name.toLowerCase())
  const reader = startReader({
    store: billing.store,
    stream,
    handlers: handlers({ ...billing.deps, ...own }),
    now: billing.now,
    log: createLog('billing', 'silent'),
    registry: new Registry(),
  })
  readers.push(reader)
  const tell = async (...facts: OutgoingFact[]) => {
    await stream.publish(facts, stream.messages.length)
    await waitUntil(async () => {
      const places = await billing.store.read((tx) => tx.db.select().from(tx.tables.places))
      return places.find((place) => place.stream === name)?.sequence === stream.messages.length
    })
    expect(await billing.store.read((tx) => tx.db.select().from(tx.tables.deadLetters))).toEqual([])
  }
  return { stream, tell }
}

function factOf<E extends EventType>(event: E, key: string, data: DataOf<E>): OutgoingFact {
  expect(event.problemOf(data)).toBeUndefined()
  const { tenant_id } = data as { tenant_id: string }
  return {
    id: newId('event'),
    type: event.type,
    key,
    tenantId: tenant_id as TenantId,
    moment: billing.now(),
    traceparent,
    data: JSON.stringify(data),
  }
}

const fields = (id: number | string, tenantId: string = defaultTenant) => ({
  order_id: id,
  user_id: 1,
  tenant_id: tenantId,
  previous_status: 'pending' as const,
  version: 2,
  moment: toRfc3339(billing.now()),
})
const created = (id: number, own: Partial<DataOf<typeof OrderCreated>> = {}) =>
  factOf(OrderCreated, String(id), {
    ...fields(id),
    status: 'pending',
    previous_status: null,
    version: 1,
    items: [{ sku: 1 as Sku, count: 1 }],
    total: 400,
    currency: 'UAH',
    payment_method: 'wallet',
    pay_by: toRfc3339(billing.now()),
    ...own,
  })
const confirmed = (id: number) =>
  factOf(OrderConfirmed, String(id), { ...fields(id), status: 'confirmed', currency: 'UAH' })
const cancelled = (id: number, tenantId?: string) =>
  factOf(OrderCancelled, String(id), { ...fields(id, tenantId), status: 'cancelled', reason: 'customer' })
const rejected = (id: number) =>
  factOf(OrderRejected, String(id), {
    ...fields(id),
    status: 'failed',
    reason: 'delivery_refused',
    shortages: [],
  })

const hold = (id: number, amount = 400) =>
  holdFunds(billing.deps, callOf(billing), { orderId: order(id), userId: user(1), amount: uah(amount) })
const wallet = async () => {
  const [row] = (await billing.rows()).wallets.filter(({ tenantId }) => tenantId === defaultTenant)
  return [row?.available, row?.held]
}
const states = async () => (await billing.rows()).holds.map(({ orderId, state }) => `${orderId} ${state}`)
const told = async () => (await billing.facts()).slice(1).map(({ type, key }) => `${type} ${key}`)
const outcomes = async () =>
  (await billing.store.read((tx) => tx.db.select().from(tx.tables.inbox))).map(({ outcome }) => outcome)

describe('user.registered', () => {
  const registered = (userId: number | string, tenantId: string = defaultTenant) =>
    factOf(UserRegistered, String(userId), {
      user_id: userId,
      tenant_id: tenantId,
      role: 'customer',
      moment: toRfc3339(billing.now()),
    })

  test('opens a wallet, in the tenant of the account, and leaves one alone whose owner was faster', async () => {
    const { tell } = listening('ACCOUNTS', accountsFacts)
    await tell(registered(1), registered(2), registered(2), registered('9223372036854775807', 'other'))
    const wallets = (await billing.rows()).wallets.map((row) => [row.tenantId, row.userId, row.available])
    expect(wallets.sort()).toEqual([
      ['default', 1n, 1000],
      ['default', 2n, 0],
      ['other', 9223372036854775807n, 0],
    ] as never)
  })
})

describe('order.created', () => {
  test('holds nothing where loms asks for it', async () => {
    const { tell } = listening('LOMS', lomsFacts)
    await tell(created(7))
    expect([await wallet(), await told()]).toEqual([[1000, 0], []])
  })

  test('holds the total in choreography, and tells it in the trace of the order', async () => {
    const { tell } = listening('LOMS', lomsFacts, { choreography: true })
    await tell(created(7))
    expect([await wallet(), await told()]).toEqual([[600, 400], ['wallet.held 7']])
    expect((await billing.facts()).at(-1)).toMatchObject({ traceparent, data: { user_id: 1, amount: 400 } })
  })

  test('in choreography tells that there is too little', async () => {
    const { tell } = listening('LOMS', lomsFacts, { choreography: true })
    await tell(created(7, { total: 1001 }), created(8, { user_id: 2 }))
    expect([await wallet(), await told()]).toEqual([
      [1000, 0],
      ['wallet.refused 7', 'wallet.refused 8'],
    ])
    expect(await outcomes()).toEqual(['insufficient_funds', 'insufficient_funds'])
  })

  test('in choreography tells that there is nothing for an order that another amount, or user, is held for', async () => {
    const { tell } = listening('LOMS', lomsFacts, { choreography: true })
    for (const id of [7, 8]) await hold(id, 100)
    await tell(created(7), created(8, { user_id: 2 }))
    expect([await wallet(), await states()]).toEqual([
      [800, 200],
      ['7 held', '8 held'],
    ])
    expect((await told()).slice(2)).toEqual(['wallet.refused 7', 'wallet.refused 8'])
    expect((await billing.facts()).at(-1)).toMatchObject({ data: { user_id: 2, amount: 400 } })
    expect(await outcomes()).toEqual(['hold_differs', 'hold_differs'])
  })

  test('of an order that is paid otherwise, or costs nothing, holds nothing', async () => {
    const { tell } = listening('LOMS', lomsFacts, { choreography: true })
    const { total: _, ...unpriced } = JSON.parse(created(3).data)
    await tell(
      created(1, { payment_method: 'rpc' }),
      created(2, { total: 0 }),
      factOf(OrderCreated, '3', unpriced),
      created(4, { currency: 'XXX' }),
    )
    expect([await wallet(), await told(), await outcomes()]).toEqual([
      [1000, 0],
      [],
      ['ok', 'ok', 'ok', 'ok'],
    ])
  })
})

describe('order.confirmed', () => {
  test('charges what is held, and is late where it was charged', async () => {
    const { tell } = listening('LOMS', lomsFacts)
    await hold(7)
    await hold(8)
    await captureHold(billing.deps, callOf(billing), { orderId: order(8) })
    await tell(confirmed(7), confirmed(8))
    expect(await wallet()).toEqual([200, 0])
    expect((await told()).filter((fact) => fact.startsWith('wallet.charged'))).toEqual([
      'wallet.charged 8',
      'wallet.charged 7',
    ])
  })

  test('of an order without a hold changes nothing', async () => {
    const { tell } = listening('LOMS', lomsFacts)
    await tell(confirmed(7))
    expect([await states(), await outcomes()]).toEqual([[], ['ok']])
  })
})

test('what becomes of one user’s order moves no money that another has set aside under its number', async () => {
  const { tell } = listening('LOMS', lomsFacts)
  for (const id of [1, 2, 3]) await hold(id, 100)
  await captureHold(billing.deps, callOf(billing), { orderId: order(3) })
  const ofAnother = (fact: ReturnType<typeof confirmed>) => ({
    ...fact,
    data: JSON.stringify({ ...JSON.parse(fact.data), user_id: 2 }),
  })
  await tell(...[confirmed(1), rejected(2), cancelled(3)].map(ofAnother))
  expect([await wallet(), await outcomes()]).toEqual([
    [700, 200],
    ['hold_differs', 'hold_differs', 'hold_differs'],
  ])
})

describe('an order that is over', () => {
  test('has its money back: held or charged, by cancelling or rejecting, once', async () => {
    const { tell } = listening('LOMS', lomsFacts)
    for (const id of [1, 2, 3]) await hold(id, 100)
    await captureHold(billing.deps, callOf(billing), { orderId: order(3) })
    await tell(cancelled(1), rejected(2), cancelled(3), cancelled(3), cancelled(1))
    expect(await wallet()).toEqual([1000, 0])
    expect((await states()).sort()).toEqual(['1 voided', '2 voided', '3 refunded'])
    const refunds = (await billing.facts()).filter(({ type }) => type === 'payment.refunded')
    expect(refunds).toMatchObject([
      {
        key: '3',
        traceparent,
        data: {
          order_id: 3,
          user_id: 1,
          amount: 100,
          provider: 'wallet',
          payment_id: expect.stringMatching(/^pay_/),
        },
      },
    ])
  })

  test('in one go from creation to cancellation leaves everything as it was', async () => {
    const { tell } = listening('LOMS', lomsFacts, { choreography: true })
    await tell(created(7), confirmed(7), cancelled(7))
    expect(await wallet()).toEqual([1000, 0])
    expect(await told()).toEqual(['wallet.held 7', 'wallet.charged 7', 'payment.refunded 7'])
  })

  test('of another tenant is another order', async () => {
    const { tell } = listening('LOMS', lomsFacts)
    await hold(7)
    await tell(cancelled(7, 'other'))
    expect([await wallet(), (await states()).sort()]).toEqual([
      [600, 400],
      ['7 held', '7 voided'],
    ])
  })

  test.each([
    ['cancelled', cancelled],
    ['rejected', rejected],
  ] as const)(
    'by being %s before its money was asked for: a hold that comes late is refused',
    async (_, over) => {
      const { tell } = listening('LOMS', lomsFacts)
      await tell(over(7))
      expect(await hold(7)).toEqual({ ok: false, error: { code: 'hold_closed' } })
      expect([await wallet(), await told()]).toEqual([[1000, 0], []])
    },
  )

  test('is given back once, also when the stream is told again under new sequences', async () => {
    const { stream, tell } = listening('LOMS', lomsFacts, { choreography: true })
    const facts = [created(7), confirmed(7), cancelled(7), created(8)]
    await tell(...facts)
    stream.vanish()
    await stream.publish(facts, 0)
    await tell(created(9))
    expect(await wallet()).toEqual([200, 800])
    expect((await states()).sort()).toEqual(['7 refunded', '8 held', '9 held'])
  })
})

describe('order.payment_refused', () => {
  /** Charged, as it waits for this money; the payment is known by its id. */
  const charge = async (id: number) => {
    const request = { orderId: order(id), userId: user(1), amount: uah(400) }
    billing.loms.owes({ ...request, tenantId: defaultTenant })
    const charged = await chargeOrder(billing.deps, callOf(billing), request)
    if (!charged.ok) throw new Error(charged.error.code)
    return charged.value.paymentId
  }
  const refused = (id: number, paymentId: string, userId = 1) =>
    factOf(OrderPaymentRefused, String(id), {
      order_id: id,
      user_id: userId,
      tenant_id: defaultTenant,
      payment_id: paymentId,
      amount: 400,
      currency: 'UAH',
      reason: 'confirmed',
      moment: toRfc3339(billing.now()),
    })
  const refunds = async () => (await told()).filter((fact) => fact.startsWith('payment.refunded'))

  test('gives the payment back, once, also where the stream is told again, and says so in its trace', async () => {
    const { stream, tell } = listening('LOMS', lomsFacts)
    const paymentId = await charge(7)
    const facts = [refused(7, paymentId), confirmed(7), refused(7, paymentId)]
    await tell(...facts)
    stream.vanish()
    await stream.publish(facts, 0)
    await tell(refused(8, 'pay_8'))
    expect([await wallet(), await states(), await refunds()]).toEqual([
      [1000, 0],
      ['7 refunded'],
      ['payment.refunded 7'],
    ])
    expect((await billing.facts()).at(-1)).toMatchObject({ traceparent, data: { amount: 400 } })
    expect(await outcomes()).toEqual(['ok', 'ok', 'ok', 'hold_not_found'])
  })

  test.each([
    ['before', (id: number, paymentId: string) => [refused(id, paymentId), cancelled(id)]],
    ['after', (id: number, paymentId: string) => [cancelled(id), refused(id, paymentId)]],
  ])('of an order that is over, heard %s its end: the money comes back once', async (_, facts) => {
    const { tell } = listening('LOMS', lomsFacts)
    await tell(...facts(7, await charge(7)))
    expect([await wallet(), await refunds()]).toEqual([[1000, 0], ['payment.refunded 7']])
    expect(await outcomes()).toEqual(['ok', 'ok'])
  })

  test('of another payment, or another user’s, moves nothing, nor does it call off what is held', async () => {
    const { tell } = listening('LOMS', lomsFacts)
    const paymentId = await charge(7)
    await hold(8)
    const of8 = (await billing.rows()).holds.find(({ orderId }) => orderId === order(8))?.paymentId ?? ''
    await tell(refused(7, 'pay_other'), refused(7, paymentId, 2), refused(8, of8))
    expect([await wallet(), (await states()).sort()]).toEqual([
      [200, 400],
      ['7 captured', '8 held'],
    ])
    expect(await outcomes()).toEqual(['hold_differs', 'hold_differs', 'ok'])
  })
})
