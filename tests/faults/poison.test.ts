//! Strangers put into our streams what nobody can read: readers go on, put it aside with its reason, and people settle it while all runs.
import { afterAll, afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { resolve } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { newId } from '../../contracts/ids.ts'
import { adminSubject } from '../../runtime/messages/admin.ts'
import { findRpcMethods } from '../../tools/generate/contracts.ts'
import { catalogueRead } from '../harness/quiet.ts'
import { publishRaw, wrongHeaders } from '../harness/raw-nats.ts'
import { purchasePath, startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { expectAllServed, startTrade, type Trade } from './buyers.ts'
import { chanceOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Till, tillOf } from './nth/till.ts'
import { type Shop, settled } from './shop.ts'

setDefaultTimeout(60_000)
const popular = 2001
const services = [...purchasePath, 'billing', 'delivery']
const repository = resolve(import.meta.dir, '../..')
let issuer: TokenIssuer
let system: TestSystem
let till: Till
let connection: NatsConnection
let trade: Trade
let buyers = 100

/** One system for both: what the first has put aside and settled, the second finds settled. */
beforeAll(async () => {
  issuer = await startTokenIssuer()
  system = await startSystem({
    services,
    seed: true,
    env: issuer.env,
  })
  till = tillOf(system, issuer)
  connection = await connect({ servers: system.natsUrl })
  await catalogueRead(system)
}, 60_000)
afterAll(async () => {
  await connection.close()
  await system.stop()
  await issuer[Symbol.asyncDispose]()
})

beforeEach(async () => {
  trade = startTrade(till, chanceOf('poison'), { firstUser: buyers, parallel: 2 })
  await trade.more(3)
})
afterEach(async () => {
  buyers += (await trade.end(0)).length
})

type Letter = { readonly id: string; readonly state: string; readonly key: string; readonly reason: string }
type Poison = {
  readonly subject: string
  readonly data: string | Uint8Array
  readonly key?: string
  /** None at all where it is null. */
  readonly id?: string | null
}

/** Whoever reaches NATS on loopback can do this; the stream takes it like any other message. */
async function put({ subject, data, key, id }: Poison): Promise<void> {
  const about = headers()
  if (id !== null) {
    about.set('ce-specversion', '1.0')
    about.set('ce-id', id ?? newId('event'))
    about.set('ce-type', subject)
    about.set('ce-time', new Date().toISOString())
    if (key !== undefined) about.set('ce-subject', key)
  }
  const reply = await connection.request(subject, data, { headers: about, timeout: 5_000 })
  expect(reply.json<{ error?: unknown }>().error).toBeUndefined()
}

async function dlq(...args: string[]) {
  const child = Bun.spawn([process.execPath, '--no-env-file', 'tools/dlq.ts', ...args], {
    cwd: repository,
    env: { ...process.env, NATS_URL: system.natsUrl },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, problems] = await Promise.all([child.stdout.text(), child.stderr.text()])
  return { out, problems, code: await child.exited }
}

async function letters(): Promise<Readonly<Record<string, readonly Letter[]>>> {
  const { out, problems } = await dlq('list', '--json')
  // Where NATS has just been restarted, they all are on their way back.
  if (problems.startsWith('no service ')) return {}
  const replies = JSON.parse(out) as { service: string; letters: readonly Letter[] }[]
  return Object.fromEntries(replies.map(({ service, letters }) => [service, letters]))
}

async function told(shop: Shop, user: number): Promise<unknown[]> {
  const messages = (await shop.history({ user })).body.messages as { status: string }[]
  return messages.map(({ status }) => status)
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const endsAt = performance.now() + 20_000
  while (!(await isSo())) {
    if (performance.now() > endsAt) throw new Error(`after 20 s still not: ${what}`)
    await Bun.sleep(20)
  }
}

/** As `dlq skip` does, without a process for each. */
async function skip(service: string, id: string): Promise<void> {
  const reply = await connection.request(adminSubject(service, 'skip'), JSON.stringify({ id }))
  expect(reply.json()).toMatchObject({ ok: true })
}

/** Gives up everything that has failed, of everybody. Answers how much that was, by service. */
async function skipAll(): Promise<Record<string, number>> {
  const skipped: Record<string, number> = {}
  for (const [service, own] of Object.entries(await letters())) {
    const failed = own.filter(({ state }) => state === 'failed')
    for (const { id } of failed) await skip(service, id)
    if (failed.length > 0) skipped[service] = failed.length
  }
  expect((await dlq('list')).out).toContain('no dead letters')
  return skipped
}

/** The last fact of the type, as if it were new: its sender has it twice, or somebody else has put it there again. */
async function tellAgain(stream: string, type: string): Promise<void> {
  const message = await (await jetstreamManager(connection)).streams.getMessage(stream, {
    last_by_subj: type,
  })
  const told = message?.header
  const about = headers()
  for (const name of told?.keys() ?? []) if (name.startsWith('ce-')) about.set(name, told?.get(name) ?? '')
  const reply = await connection.request(type, message?.data, { headers: about, timeout: 5_000 })
  expect(reply.json()).toMatchObject({ seq: expect.any(Number) })
}

test('what cannot be read is put aside with its reason, its key waits, and everybody else is told', async () => {
  const orderOf = async (user: number) =>
    (await till.create({ user, items: [{ sku: popular, count: 1 }] })).body.orderID
  const [poisoned, healthy] = [await orderOf(1), await orderOf(2)]
  const isTold = async (user: number, facts: number) => (await told(till, user)).length === facts
  await until('both are told', async () => (await isTold(1, 1)) && (await isTold(2, 1)))

  const broken = newId('event')
  const confirmed = 'order.confirmed'
  await put({ subject: confirmed, id: broken, key: String(poisoned), data: '{"order_id": ' })
  await put({ subject: confirmed, id: null, data: '{}' })
  await put({ subject: confirmed, data: '{}' })
  await put({ subject: confirmed, key: 'nobody-1', data: JSON.stringify({ v: 2, order: { id: 1 } }) })
  await put({ subject: 'order.cancelled', key: 'nobody-2', data: JSON.stringify('x'.repeat(900_000)) })
  await put({ subject: 'order.created', key: 'nobody-3', data: new Uint8Array([0, 255, 254, 0]) })
  await put({ subject: 'order.teleported', key: 'nobody-4', data: 'nobody acts on this' })
  await put({ subject: 'product.changed', key: 'nobody-5', data: '[]' })
  expect((await till.pay({ orderID: poisoned })).status).toBe(200)
  expect((await till.pay({ orderID: healthy })).status).toBe(200)
  await trade.more(3)

  await until('the healthy order is told', () => isTold(2, 2))
  await until('all of it is put aside', async () => {
    const { notifier, billing, delivery, loms } = await letters()
    return [notifier, billing, delivery].every((own) => own?.length === 7) && loms?.length === 1
  })
  expect(await told(till, 1)).toEqual(['awaiting payment'])
  const aside = await letters()
  // They hear the same facts.
  for (const service of ['notifier', 'billing', 'delivery'])
    expect(aside[service]?.map(({ state, key, reason }) => [state, key, reason])).toEqual([
      ['failed', String(poisoned), 'its data is not JSON, or holds U+0000'],
      ['failed', '', 'it has no event id (ce-id)'],
      ['failed', '', 'it has no key (ce-subject)'],
      ['failed', 'nobody-1', expect.stringContaining('its data is not that of order.confirmed')],
      ['failed', 'nobody-2', expect.stringContaining('its data is not that of order.cancelled')],
      ['failed', 'nobody-3', 'its data is not JSON, or holds U+0000'],
      ['parked', String(poisoned), 'an earlier fact of its key has failed'],
    ])
  expect(aside.loms?.map(({ state, key }) => [state, key])).toEqual([['failed', 'nobody-5']])

  const parked = aside.notifier?.at(-1)?.id ?? ''
  expect(await dlq('replay', 'notifier', broken)).toMatchObject({
    code: 1,
    problems: expect.stringContaining('it failed again: '),
  })
  expect(await dlq('replay', 'notifier', parked)).toMatchObject({
    code: 1,
    problems: expect.stringContaining(`it waits behind ${broken}`),
  })
  expect(await dlq('skip', 'notifier', broken)).toMatchObject({ code: 0 })
  expect(await told(till, 1)).toEqual(['payed', 'awaiting payment'])
  expect(await skipAll()).toEqual({ notifier: 5, loms: 1, billing: 6, delivery: 6 })

  // Something has to come after it: verify looks for readers where the outbox has its facts, and this one is elsewhere.
  await tellAgain('LOMS', confirmed)
  await trade.more(3)
  const bought = await trade.end(0)
  const { ok, output, counts } = await settled(system)
  expect(ok ? '' : output).toBe('')
  expect(counts).toMatchObject({
    'notifier ← loms: heard, skipped': 6,
    'billing ← loms: heard, skipped': 6,
    'delivery ← loms: heard, skipped': 6,
    'loms ← catalog: heard, skipped': 1,
  })
  await expectAllServed(till, bought)
  counted(9, { 'messages at readers': 8, 'put aside and settled by hand': 19, checkouts: bought.length })
})

test('money and goods of an order wait behind what cannot be read of it, and come when that is given up', async () => {
  const [user, other] = [1_000_001, 1_000_002]
  const buy = async (user: number) => {
    expect((await till.topUp(user, { amount: '10000.00' })).status).toBe(200)
    const body = { items: [{ sku: popular, quantity: 1 }], delivery: { method: 'pickup' } }
    const { status, body: order } = await till.buy(user, body)
    expect(status).toBe(200)
    return Number(order.id)
  }
  const orders = new Map([
    [user, await buy(user)],
    [other, await buy(other)],
  ])
  const orderOf = (user: number) => orders.get(user) ?? 0
  const balance = async (user: number) => (await till.account(user)).body.balance
  const has = async (user: number) => ({ balance: await balance(user), told: await told(till, user) })
  const paid = ['payed', 'awaiting payment']
  await until(
    'both are told',
    async () => (await told(till, user)).length + (await told(till, other)).length === 4,
  )
  const left = await balance(user)

  const key = String(orderOf(user))
  await put({ subject: 'order.cancelled', key, data: '{"order_id": ' })
  await put({ subject: 'shipment.updated', key, data: '[]' })
  for (const each of [user, other]) expect((await till.callOff(each, orderOf(each))).status).toBe(200)
  await until('the other has the money back', async () => (await balance(other)) === '10000.00')
  const expected = {
    billing: ['failed', 'parked'],
    delivery: ['failed', 'parked'],
    loms: ['failed'],
    notifier: ['failed', 'failed', 'parked'],
  }
  await until('all of it is put aside', async () => {
    const states = Object.entries(await letters()).map(([service, own]) => [
      service,
      own.map(({ state }) => state).sort(),
    ])
    return Bun.deepEquals(Object.fromEntries(states), expected)
  })
  expect(await has(user)).toEqual({ balance: left, told: paid })

  expect(await skipAll()).toEqual({ billing: 1, delivery: 1, loms: 1, notifier: 2 })
  await until('they are told', async () => (await told(till, user)).length === 3)
  expect(await has(user)).toEqual({ balance: '10000.00', told: ['cancelled', ...paid] })
  expect(await has(user)).toEqual(await has(other))
  const bought = await trade.end(0)
  const { ok, output } = await settled(system)
  expect(ok ? '' : output).toBe('')
  await expectAllServed(till, bought)
  counted(9, { 'messages at readers': 2, 'put aside and settled by hand': 5, checkouts: bought.length })
})

test('headers that are none hold nobody up, nor whoever finds their place behind them', async () => {
  const bought = await trade.end(0)
  const asked = (await findRpcMethods()).filter(({ service }) => services.includes(service))
  const facts = ['product.changed', 'order.confirmed', 'wallet.held', 'shipment.updated']
  const all = Object.values(wrongHeaders)
  for (const subject of [...asked.map(({ subject }) => subject), ...facts])
    await publishRaw(
      system.nats.port,
      all.map((headers) => ({ subject, headers, data: '{}' })),
    )
  const untilAside = async (messages: number) => {
    const aside = { notifier: 2, loms: 3, billing: 1, delivery: 1 }
    const expected = Object.entries(aside).map(([service, facts]) => [service, facts * messages])
    await until(`${messages} of each are put aside`, async () => {
      const lengths = Object.entries(await letters()).map(([service, own]) => [service, own.length])
      return Bun.deepEquals(Object.fromEntries(lengths), Object.fromEntries(expected))
    })
  }
  await untilAside(all.length)
  // Everybody looks at what is at their place before they read on.
  await connection.close()
  await system.restart('nats')
  connection = await connect({ servers: system.natsUrl })
  for (const subject of facts) await put({ subject, key: 'nobody', data: '{}' })
  await untilAside(all.length + 1)

  const user = 1_000_003
  expect((await till.create({ user, items: [{ sku: popular, count: 1 }] })).status).toBe(200)
  await until('the order is told', async () => (await told(till, user)).length === 1)
  await skipAll()
  const { ok, output } = await settled(system)
  expect(ok ? '' : output).toBe('')
  await expectAllServed(till, bought)
  counted(9, {
    'messages at readers': facts.length * (all.length + 1),
    'put aside and settled by hand': 7 * (all.length + 1),
    checkouts: bought.length,
  })
})
