//! `kill -9` of billing and of nats-server while money moves: every kopeck is where its order went, whatever was asked again.
import { expect, test } from 'bun:test'
import { CaptureHold, HoldFunds, VoidHold } from '../../contracts/rpc/billing.ts'
import type { RequestOf, RpcMethod } from '../../contracts/rpc/define.ts'
import { GetOrderState } from '../../contracts/rpc/loms.ts'
import { callOf, Stage } from '../../runtime/rpc/rpc.fixture.ts'
import type { RpcClient } from '../../runtime/rpc.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { eventually } from '../journeys/shop.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Shop, settled, shopOf } from './shop.ts'

const killsLeast = roundsOf(10)
const parallel = 8
const popular = 2001
/** In kopecks, as all that follows. */
const price = 699_00
const topUps = 3
const given = topUps * 1000_00

type World = {
  readonly system: TestSystem
  readonly shop: Shop
  readonly rpc: RpcClient
  readonly issuer: TokenIssuer
  readonly chance: Chance
}

/** What a user did, and what they have to have in the end. */
type Spent = { readonly user: number; readonly available: number; readonly held: number }

/** Asks until there is an answer that is one; a refusal is. */
async function insist<T>(chance: Chance, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 40_000
  for (;;) {
    const answer = await ask().catch(() => undefined) // it was killed with our question
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error('nobody answered for 40 s')
    await Bun.sleep(chance.between(20, 120))
  }
}

/** `ok`, or the code of a refusal that is final. */
function question<M extends RpcMethod>({ rpc, chance }: World, method: M, request: RequestOf<M>) {
  return insist(chance, async () => {
    const answer = await rpc.ask(method, callOf(3_000), request)
    if (answer.ok) return 'ok'
    const isOver = ['unavailable', 'deadline_exceeded', 'internal', 'overloaded'].includes(answer.error.code)
    return isOver ? undefined : answer.error.code
  })
}

async function http(
  { system, chance }: World,
  path: string,
  init: RequestInit & { headers: Record<string, string> },
) {
  return await insist(chance, async () => {
    const response = await fetch(`${system.url('billing')}${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', ...init.headers },
      signal: AbortSignal.timeout(10_000),
      keepalive: false,
    })
    const body = (await response.json()) as Record<string, unknown>
    return response.status === 503 ? undefined : { status: response.status, body }
  })
}

const post = (body: unknown, headers: Record<string, string>) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers,
})

async function fill(world: World, user: number): Promise<void> {
  const authorization = await world.issuer.bearer({ user })
  for (const number of Array.from({ length: topUps }, (_, index) => index)) {
    const headers = { authorization, 'idempotency-key': `top-up-${user}-${number}` }
    // Perhaps twice at once: one of them is told what the other was.
    const twice = world.chance.random() < 0.3 ? [1, 2] : [1]
    const told = await Promise.all(
      twice.map(() => http(world, '/api/v1/account', post({ amount: '1000.00' }, headers))),
    )
    expect(new Set(told.map(({ status, body }) => `${status} ${body.balance}`)).size).toBe(1)
    expect(told[0]?.status).toBe(200)
  }
}

async function order({ shop, chance }: World, user: number, number: number): Promise<number> {
  const body = { user, items: [{ sku: popular, count: 1 }] }
  const reply = await insist(chance, async () => {
    const reply = await shop.create(body, { key: `order-${user}-${number}` })
    return reply.status === 200 ? reply : undefined
  })
  return Number(reply.body.orderID)
}

const at = ({ shop, chance }: World, step: 'pay' | 'cancel', orderID: number) =>
  insist(chance, async () => ((await shop[step]({ orderID })).status === 200 ? true : undefined))

/** Whether it was called off: not where loms has heard by then that it is paid. */
const isCalledOff = ({ shop, chance }: World, orderID: number) =>
  insist(chance, async () => {
    const { status, body } = await shop.cancel({ orderID })
    if (status === 200) return true
    return body.code === 'order_not_cancellable' ? false : undefined
  })

const ends = ['pay', 'pay', 'cancel', 'refund', 'void', 'late', 'leave'] as const
type Outcome = 'nothing' | 'charged' | 'held'

/** One order of the user that another service charges for: it is called off meanwhile, or left. */
async function charge(world: World, user: number, number: number): Promise<Outcome> {
  const { chance } = world
  const orderId = await order(world, user, number)
  const headers = chance.random() < 0.5 ? {} : { 'idempotency-key': `pay-${user}-${number}` }
  const body = { order_id: orderId, user_id: user, amount: price / 100 }
  const ask = async () => {
    const { status, body: told } = await http(world, '/internal/api/v1/payment', post(body, headers))
    return `${status} ${told.payment_id ?? told.code}`
  }
  const first = await ask()
  expect(first).toMatch(/^(200 pay_|402 insufficient_funds$)/)
  const isOver = chance.random() < 0.4 && (await isCalledOff(world, orderId))
  expect(await ask()).toBe(first)
  return first.startsWith('200') && !isOver ? 'charged' : 'nothing'
}

/** One order of the user, to whatever end; answers what became of its money. */
async function spend(world: World, user: number, number: number, amount: number): Promise<Outcome> {
  const { chance } = world
  const orderId = await order(world, user, number)
  const own = { order_id: orderId }
  const asked = { ...own, user_id: user, amount, currency: 'UAH' }
  const end = chance.pick(ends)
  if (end === 'late') {
    expect(await question(world, VoidHold, own)).toBe('ok')
    expect(await question(world, HoldFunds, asked)).toBe('hold_closed')
    return 'nothing'
  }
  const placed = await question(world, HoldFunds, asked)
  expect(['ok', 'insufficient_funds']).toContain(placed)
  const isHeld = placed === 'ok'
  switch (end) {
    case 'pay': {
      const capturing = chance.random() < 0.5 && isHeld ? question(world, CaptureHold, own) : undefined
      await at(world, 'pay', orderId)
      expect([undefined, 'ok']).toContain(await capturing)
      return isHeld ? 'charged' : 'nothing'
    }
    case 'cancel':
      await at(world, 'cancel', orderId)
      return 'nothing'
    case 'refund':
      if (isHeld) expect(await question(world, CaptureHold, own)).toBe('ok')
      await at(world, 'cancel', orderId)
      return 'nothing'
    case 'void':
      expect(await question(world, VoidHold, own)).toBe('ok')
      return 'nothing'
    case 'leave':
      return isHeld ? 'held' : 'nothing'
  }
}

async function user(world: World, id: number): Promise<Spent> {
  await fill(world, id)
  let available = given
  let held = 0
  for (let number = 0; number < 5; number += 1) {
    const isCharged = world.chance.random() < 0.25
    const amount = isCharged ? price : world.chance.between(1, 1500_00)
    const outcome = isCharged ? await charge(world, id, number) : await spend(world, id, number, amount)
    if (outcome !== 'nothing') available -= amount
    if (outcome === 'held') held += amount
  }
  return { user: id, available, held }
}

async function killer({ system, chance }: World, isOver: () => boolean): Promise<Record<string, number>> {
  const kills = { kills: 0, 'of billing': 0, 'of nats': 0 }
  while (!isOver() || kills.kills < killsLeast) {
    await Bun.sleep(chance.between(50, 400))
    const victim = chance.random() < 0.85 ? 'billing' : 'nats'
    await system.kill(victim)
    await Bun.sleep(chance.between(0, 50))
    await system.start(victim)
    kills.kills += 1
    kills[`of ${victim}`] += 1
  }
  return kills
}

const decimal = (amount: number) => (amount / 100).toFixed(2)

test(
  `billing and NATS are killed ${killsLeast} times while money moves`,
  async () => {
    const chance = chanceOf('money')
    await using issuer = await startTokenIssuer()
    await using system = await startSystem({
      services: ['catalog', 'loms', 'billing'],
      seed: true,
      env: issuer.env,
    })
    const stage = new Stage()
    try {
      const rpc = stage.client(stage.side(system.natsUrl))
      const world: World = { system, shop: shopOf(system), rpc, issuer, chance }
      await eventually('loms to know what an order costs', async () => {
        const { orderID } = (await world.shop.create({ user: 1, items: [{ sku: popular, count: 1 }] })).body
        const state = await rpc.ask(GetOrderState, callOf(3_000, { caller: 'service' }), {
          order_id: Number(orderID),
        })
        return state.ok && state.value.total === price ? true : undefined
      })
      let isOver = false
      const spent: Spent[] = []
      let users = 0
      let killed = false
      const killing = killer(world, () => isOver).finally(() => {
        killed = true
      })
      const oneAfterAnother = async () => {
        // Somebody spends as long as somebody is killed.
        while (!killed && users < 10_000) {
          users += 1
          spent.push(await user(world, users))
          if (spent.length >= killsLeast) isOver = true
        }
      }
      const [kills] = await Promise.all([killing, ...Array.from({ length: parallel }, oneAfterAnother)])

      // What loms announced last is on its way still.
      const accounts = async () => {
        const read = async ({ user }: Spent) =>
          (
            await http(world, '/api/v1/account', {
              headers: { authorization: await issuer.bearer({ user }) },
            })
          ).body
        return await Promise.all(spent.map(read))
      }
      const expected = spent.map(({ available, held }) => ({
        balance: decimal(available),
        held: decimal(held),
        currency: 'UAH',
      }))
      await eventually(
        'every order’s money to be where the order went',
        async () => (Bun.deepEquals(await accounts(), expected) ? true : undefined),
        10_000,
      ).catch(() => undefined)
      expect(await accounts()).toEqual(expected)
      const { ok, output, counts } = await settled(system)
      expect(ok ? '' : output).toBe('')
      expect(counts).toMatchObject({ wallets: spent.length, 'transactions top_up': spent.length * topUps })
      const moved = ['top_up', 'hold', 'charge', 'void', 'refund'].map(
        (kind) => counts[`transactions ${kind}`] ?? 0,
      )
      counted(4, { ...kills, 'money moved': moved.reduce((sum, count) => sum + count, 0) })
    } finally {
      await stage.clear()
    }
  },
  timeoutMsOf(killsLeast, 5_000),
)
