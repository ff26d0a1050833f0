//! NATS loses what it had taken: its store is deleted, or set back to an older copy, under purchases and orders from wallets.
//! Every notice is told once and in order all the same, and every customer has the order or the money.
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { cp, rm } from 'node:fs/promises'
import { announcers } from '../../tools/verify/readings.ts'
import { catalogueRead, metricOf } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { eventually, orderIdIn } from '../journeys/shop.ts'
import { type Chance, chanceOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Newcomers, newcomersEnv, newcomersTo } from './newcomers.ts'
import { type Till, tillOf } from './nth/till.ts'
import type { SagaMode } from './saga-world.ts'
import { telling } from './services.ts'
import { settled } from './shop.ts'
import { type Counts, countsOf, lengths, missing } from './streams.ts'
import { expectAllPaid, startWalletTrade, type WalletTrade } from './wallet-trade.ts'

/** One order a user, so that the user's history is the order's. */
type Placed = { readonly user: number; readonly orderId: number; payed: boolean }

setDefaultTimeout(60_000)
const ordersAtOnce = 10
const newcomersAtOnce = 2
const walletsAtOnce = 5
const convergeMs = 15_000
let chance: Chance
let issuer: TokenIssuer
let system: TestSystem
let till: Till
let placed: Placed[]
let wallets: WalletTrade
let newcomers: Newcomers

beforeEach(async () => {
  chance = chanceOf('store of NATS')
  issuer = await startTokenIssuer()
  placed = []
})
afterEach(async () => {
  await system.stop()
  await issuer[Symbol.asyncDispose]()
})

async function open(mode: SagaMode): Promise<void> {
  const env = { ...issuer.env, ...newcomersEnv, LOMS_SAGA: mode }
  system = await startSystem({ services: telling, seed: true, env })
  till = tillOf(system, issuer)
  newcomers = newcomersTo(system)
  await catalogueRead(system)
  wallets = startWalletTrade(till, chance, { parallel: 2 })
  await wallets.more(walletsAtOnce)
}

/** Pays what waits for it, places new orders and pays half of them: the facts of the other half stand on both sides of what follows. */
async function trade(): Promise<void> {
  const waiting = placed.filter(({ payed }) => !payed)
  const fresh = await Promise.all(
    Array.from({ length: ordersAtOnce }, (_, n) => place(placed.length + n + 1)),
  )
  const half = fresh.filter((_, n) => n % 2 === 0)
  await Promise.all([...[...waiting, ...half].map(pay), newcomers.come(newcomersAtOnce)])
  placed.push(...fresh)
}

async function place(user: number): Promise<Placed> {
  const { status, body } = await till.create({ user, items: [{ sku: 2001, count: 1 }] })
  expect(status).toBe(200)
  return { user, orderId: orderIdIn(body), payed: false }
}

async function pay(order: Placed): Promise<void> {
  expect((await till.pay({ orderID: order.orderId })).status).toBe(200)
  order.payed = true
}

async function tell(): Promise<string[]> {
  const histories = await Promise.all(placed.map(({ user }) => till.history({ user })))
  return histories.flatMap(({ body }) => {
    const messages = body.messages as { user_id: number; order_id: number; status: string }[]
    return messages.map(({ user_id, order_id, status }) => `${user_id}: ${order_id} ${status}`)
  })
}

/** What each history is, newest first, when everything is told once and in order. */
const everything = () =>
  placed.flatMap(({ user, orderId, payed }) =>
    (payed ? ['payed', 'awaiting payment'] : ['awaiting payment']).map(
      (status) => `${user}: ${orderId} ${status}`,
    ),
  )

async function expectAllTold(): Promise<void> {
  const expected = everything()
  // Whatever is missing by then is shown by the comparison, not by the wait.
  const all = async () => (await tell()).length >= expected.length || undefined
  await eventually('all notices', all, convergeMs).catch(console.error)
  expect(await tell()).toEqual(expected)
}

/** `lost`: how many facts each stream had and has no more, at least. */
async function expectWhole(
  what: 'stores deleted' | 'stores set back',
  lost: Counts,
  since: number,
): Promise<void> {
  await expectAllTold()
  const ms = Math.round(performance.now() - since)
  const paid = await wallets.end()
  const report = await settled(system)
  expect(report.ok ? '' : report.output).toBe('')
  expect(report.counts.accounts).toBe(newcomers.count)
  // What comes twice might come late.
  expect(await tell()).toEqual(everything())
  await expectAllPaid(till, paid)
  expect(await missing(system)).toEqual(countsOf(() => 0))
  const repaired = await lookAt('outbox_repaired_total')
  const tooFew = announcers.filter((service) => (repaired[service] ?? 0) < (lost[service] ?? 0))
  expect({ tooFew, lost, repaired }).toEqual({ tooFew: [], lost, repaired })
  counted(
    6,
    {
      [what]: 1,
      orders: placed.length,
      'orders from wallets': paid.length,
      'facts sent again': Object.values(repaired).reduce((sum, count) => sum + count, 0),
    },
    { settled: ms },
  )
}

/** A figure of everybody who announces. */
async function lookAt(figure: string): Promise<Counts> {
  const figures = announcers.map(async (service) => [service, (await metricOf(system, service, figure)) ?? 0])
  return Object.fromEntries(await Promise.all(figures))
}

/** Answers with how many facts are in the copy, at most: what has come since is counted too. */
async function copyStore(): Promise<{ readonly copy: string; readonly copied: Counts }> {
  await system.kill('nats', 'SIGTERM')
  const copy = `${system.nats.storeDir}.copy`
  await cp(system.nats.storeDir, copy, { recursive: true })
  await system.start('nats')
  return { copy, copied: await lengths(system) }
}

/** Answers with how many facts of each stream are lost by that, at least. */
async function setBackTo({ copy, copied }: Awaited<ReturnType<typeof copyStore>>): Promise<Counts> {
  const had = await lengths(system)
  await system.kill('nats')
  await rm(system.nats.storeDir, { recursive: true })
  await cp(copy, system.nats.storeDir, { recursive: true })
  return countsOf((service) => (had[service] ?? 0) - (copied[service] ?? 0))
}

test('the store of NATS is deleted while it is away', async () => {
  await open('choreography')
  await trade()
  await expectAllTold()
  const lost = await lengths(system)
  await system.kill('nats', 'SIGTERM')
  await rm(system.nats.storeDir, { recursive: true })
  await trade()
  const since = performance.now()
  await system.start('nats')
  await trade()
  await expectWhole('stores deleted', lost, since)
})

test('NATS is set back to an older copy of its store, and who reads had read everything', async () => {
  await open('orchestration')
  await trade()
  await expectAllTold()
  const copy = await copyStore()
  await trade()
  await wallets.more(walletsAtOnce)
  await expectAllTold()
  const lost = await setBackTo(copy)
  const since = performance.now()
  await system.start('nats')
  await trade()
  await expectWhole('stores set back', lost, since)
})

test('NATS is set back to an older copy of its store, and who reads had not read what is lost', async () => {
  const lagging = ['notifier', 'billing', 'delivery']
  await open('choreography')
  await trade()
  await expectAllTold()
  const copy = await copyStore()
  await trade()
  await wallets.more(walletsAtOnce)
  await expectAllTold()
  await Promise.all(lagging.map((service) => system.kill(service, 'SIGTERM')))
  await trade()
  await eventually('the outbox to be sent', async () =>
    (await metricOf(system, 'loms', 'outbox_unsent')) === 0 ? true : undefined,
  )
  const lost = await setBackTo(copy)
  const since = performance.now()
  await system.start('nats')
  await trade()
  await Promise.all(lagging.map((service) => system.start(service)))
  await expectWhole('stores set back', lost, since)
})
