//! Strangers put into our streams what nobody can read: readers go on, put it aside with its reason, and people settle it while all runs.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { resolve } from 'node:path'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { newId } from '../../contracts/ids.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { expectAllServed, startTrade } from './buyers.ts'
import { chanceOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Shop, settled, shopOf } from './shop.ts'

setDefaultTimeout(60_000)
const popular = 2001
const repository = resolve(import.meta.dir, '../..')

type Letter = { readonly id: string; readonly state: string; readonly key: string; readonly reason: string }
type Poison = {
  readonly subject: string
  readonly data: string | Uint8Array
  readonly key?: string
  /** None at all where it is null. */
  readonly id?: string | null
}

/** Whoever reaches NATS on loopback can do this; the stream takes it like any other message. */
async function put(connection: NatsConnection, { subject, data, key, id }: Poison): Promise<void> {
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

async function dlq(system: TestSystem, ...args: string[]) {
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

async function letters(system: TestSystem): Promise<Readonly<Record<string, readonly Letter[]>>> {
  const { out } = await dlq(system, 'list', '--json')
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

test('what cannot be read is put aside with its reason, its key waits, and everybody else is told', async () => {
  await using system = await startSystem({ seed: true })
  const shop = shopOf(system)
  const trade = startTrade(shop, chanceOf('poison'), { firstUser: 100, parallel: 4 })
  const orderOf = async (user: number) =>
    (await shop.create({ user, items: [{ sku: popular, count: 1 }] })).body.orderID
  const [poisoned, healthy] = [await orderOf(1), await orderOf(2)]

  const connection = await connect({ servers: system.natsUrl })
  await trade.more(3)
  const broken = newId('event')
  const confirmed = 'order.confirmed'
  await put(connection, { subject: confirmed, id: broken, key: String(poisoned), data: '{"order_id": ' })
  await put(connection, { subject: confirmed, id: null, data: '{}' })
  await put(connection, { subject: confirmed, data: '{}' })
  await put(connection, {
    subject: confirmed,
    key: 'nobody-1',
    data: JSON.stringify({ v: 2, order: { id: 1 } }),
  })
  await put(connection, {
    subject: 'order.cancelled',
    key: 'nobody-2',
    data: JSON.stringify('x'.repeat(900_000)),
  })
  await put(connection, { subject: 'order.created', key: 'nobody-3', data: new Uint8Array([0, 255, 254, 0]) })
  await put(connection, { subject: 'order.teleported', key: 'nobody-4', data: 'nobody acts on this' })
  await put(connection, { subject: 'product.changed', key: 'nobody-5', data: '[]' })
  expect((await shop.pay({ orderID: poisoned })).status).toBe(200)
  expect((await shop.pay({ orderID: healthy })).status).toBe(200)
  await trade.more(3)

  await until('the healthy order is told', async () => (await told(shop, 2)).length === 2)
  await until('all of it is put aside', async () => (await letters(system)).notifier?.length === 7)
  expect(await told(shop, 1)).toEqual(['awaiting payment'])
  const { notifier = [], loms = [] } = await letters(system)
  expect(notifier.map(({ state, key, reason }) => [state, key, reason])).toEqual([
    ['failed', String(poisoned), 'its data is not JSON'],
    ['failed', '', 'it has no event id (ce-id)'],
    ['failed', '', 'it has no key (ce-subject)'],
    ['failed', 'nobody-1', expect.stringContaining('its data is not that of order.confirmed')],
    ['failed', 'nobody-2', expect.stringContaining('its data is not that of order.cancelled')],
    ['failed', 'nobody-3', 'its data is not JSON'],
    ['parked', String(poisoned), 'an earlier fact of its key has failed'],
  ])
  expect(loms.map(({ state, key }) => [state, key])).toEqual([['failed', 'nobody-5']])

  const parked = notifier.at(-1)?.id ?? ''
  expect(await dlq(system, 'replay', 'notifier', broken)).toMatchObject({
    code: 1,
    problems: expect.stringContaining('it failed again: '),
  })
  expect(await dlq(system, 'replay', 'notifier', parked)).toMatchObject({
    code: 1,
    problems: expect.stringContaining(`it waits behind ${broken}`),
  })
  expect(await dlq(system, 'skip', 'notifier', broken)).toMatchObject({ code: 0 })
  expect(await told(shop, 1)).toEqual(['payed', 'awaiting payment'])

  for (const { id } of notifier.slice(1, -1)) expect((await dlq(system, 'skip', 'notifier', id)).code).toBe(0)
  for (const { id } of loms) expect((await dlq(system, 'skip', 'loms', id)).code).toBe(0)
  expect((await dlq(system, 'list')).out).toContain('no dead letters')

  const bought = await trade.end(30)
  const { ok, output, counts } = await settled(system)
  expect(ok ? '' : output).toBe('')
  expect(counts).toMatchObject({ 'notifier ← loms: heard, skipped': 6, 'loms ← catalog: heard, skipped': 1 })
  await expectAllServed(shop, bought)
  await connection.close()
  counted(9, { 'messages at readers': 8, 'put aside and settled by hand': 7, checkouts: bought.length })
})
