//! What is kept of sessions, for how long and of how many; accounts' stand-in answers over a real NATS.
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import pino from 'pino'
import { Registry } from 'prom-client'
import { defaultTenant, newId } from '../contracts/ids.ts'
import { type Instant, plusMs, processClock } from '../contracts/time.ts'
import { childTraceparent } from '../runtime/call.ts'
import { connectNats, type Nats } from '../runtime/nats.ts'
import { type RpcClient, rpcClient } from '../runtime/rpc.ts'
import { startNatsServer, type TestNats } from '../tests/harness/nats.ts'
import { type StandIn, startAccounts, until } from './fixture.ts'
import { createSessions } from './sessions.ts'

const clock = processClock()
const log = pino({ level: 'silent' })
let server: TestNats
let accounts: StandIn
let nats: Nats
let rpc: RpcClient
let time: Instant

beforeAll(async () => {
  server = await startNatsServer()
  accounts = await startAccounts(server.url)
  const registry = new Registry()
  nats = connectNats({ url: server.url, name: 'gateway', log, registry, onClosed: () => {} })
  await nats.whenConnected()
  rpc = rpcClient({ nats, log, registry, now: clock })
})
afterAll(async () => {
  await nats.close()
  await accounts[Symbol.asyncDispose]()
  await server.stop()
})
beforeEach(() => {
  accounts.asked.length = 0
  accounts.answers = () => ({ userId: 7, seconds: 60 })
  time = clock()
})

const asking = () => ({
  tenantId: defaultTenant,
  caller: 'address:127.0.0.1',
  requestId: newId('request'),
  traceparent: childTraceparent(undefined),
  deadlineAt: plusMs(clock(), 5_000),
})
const sessionsWith = (keptMax: number) => createSessions({ rpc, now: () => time, keptMax })

test('a token is kept as long as it is good, less the time that it takes to be used', async () => {
  const sessions = sessionsWith(10)
  const first = await sessions.exchange('a', asking())
  time = plusMs(time, 54_999)
  expect(await sessions.exchange('a', asking())).toEqual(first)
  expect(accounts.asked).toEqual(['a'])
  time = plusMs(time, 1)
  await sessions.exchange('a', asking())
  expect(accounts.asked).toEqual(['a', 'a'])
})

test('none is kept longer than a minute, however long it is good', async () => {
  const sessions = sessionsWith(10)
  accounts.answers = () => ({ userId: 7, seconds: 3_600 })
  await sessions.exchange('a', asking())
  time = plusMs(time, 59_999)
  await sessions.exchange('a', asking())
  expect(accounts.asked).toEqual(['a'])
  time = plusMs(time, 1)
  await sessions.exchange('a', asking())
  expect(accounts.asked).toEqual(['a', 'a'])
})

test('of too many the one that was not used for longest goes', async () => {
  const sessions = sessionsWith(2)
  for (const session of ['a', 'b', 'a', 'c', 'a', 'b']) await sessions.exchange(session, asking())
  expect(accounts.asked).toEqual(['a', 'b', 'c', 'b'])
})

test('what is forgotten of an account is everything of it, and nothing of others', async () => {
  const sessions = sessionsWith(10)
  accounts.answers = (session) => ({ userId: session.startsWith('own') ? 7 : 8 })
  for (const session of ['own-1', 'own-2', 'other']) await sessions.exchange(session, asking())
  const found = await sessions.exchange('own-1', asking())
  if (!found.ok) throw new Error('it was there')
  sessions.forgetUser(found.value.userId)
  for (const session of ['own-1', 'own-2', 'other']) await sessions.exchange(session, asking())
  expect(accounts.asked).toEqual(['own-1', 'own-2', 'other', 'own-1', 'own-2'])
})

test('one that was forgotten while it was asked for is not kept, nor is the later one lost', async () => {
  const sessions = sessionsWith(10)
  const gate = Promise.withResolvers<void>()
  accounts.gate = gate.promise
  const early = sessions.exchange('a', asking())
  await until(() => accounts.asked.length === 1)
  sessions.forget('a')
  accounts.gate = Promise.resolve()
  const late = await sessions.exchange('a', asking())
  gate.resolve()
  expect((await early).ok).toBe(true)
  expect(await sessions.exchange('a', asking())).toEqual(late)
  expect(accounts.asked).toEqual(['a', 'a'])
})
