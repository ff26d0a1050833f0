//! accounts as a process: what it tells the others over NATS, what it keeps over a restart, and how its first admin is made.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { decodeJwt } from 'jose'
import { Registry } from 'prom-client'
import { defaultTenant, newId } from '../../contracts/ids.ts'
import { ExchangeSession, GetProfile } from '../../contracts/rpc/accounts.ts'
import { plusMs, processClock } from '../../contracts/time.ts'
import { childTraceparent } from '../../runtime/call.ts'
import { createLog } from '../../runtime/log.ts'
import { connectNats, type Nats } from '../../runtime/nats.ts'
import { type RpcClient, rpcClient } from '../../runtime/rpc.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'

setDefaultTimeout(60_000)
const password = 'correct horse battery staple'
const root = resolve(import.meta.dir, '../..')
const now = processClock()

let system: TestSystem
let nats: Nats
let rpc: RpcClient

beforeAll(async () => {
  system = await startSystem({
    services: ['accounts'],
    env: { ACCOUNTS_ADMIN_LOGIN: 'boss', ACCOUNTS_ADMIN_PASSWORD: password },
  })
  const [log, registry] = [createLog('test', 'silent'), new Registry()]
  nats = connectNats({ url: system.natsUrl, name: 'test', log, registry, onClosed: () => undefined })
  rpc = rpcClient({ nats, log, registry, now })
})
afterAll(async () => {
  await nats.close()
  await system.stop()
})

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(`${system.url('accounts')}${path}`, {
    method,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const said = (text === '' ? {} : JSON.parse(text)) as Record<string, string>
  return { status: response.status, headers: response.headers, body: said }
}
const login = (name: string, word = password) =>
  send('POST', '/api/v1/login', { login: name, password: word })
const cookieOf = ({ headers }: { headers: Headers }) => headers.getSetCookie()[0]?.split(';')[0] ?? ''
const call = () => ({
  tenantId: defaultTenant,
  caller: 'service',
  requestId: newId('request'),
  traceparent: childTraceparent(undefined),
  deadlineAt: plusMs(now(), 5_000),
})

/** The data of the facts on the stream, oldest first, once there are so many. */
async function factsOnStream(count: number): Promise<Record<string, unknown>[]> {
  const connection = await nats.whenConnected()
  const manager = await jetstreamManager(connection)
  // The relay makes the stream when it has something to tell, and tells it at once.
  for (;;) {
    const info = await manager.streams.info('ACCOUNTS').catch(() => undefined)
    if ((info?.state.messages ?? 0) >= count) break
    await Bun.sleep(20)
  }
  const consumer = await jetstream(connection).consumers.get('ACCOUNTS')
  const messages = await consumer.fetch({ max_messages: count, expires: 1_000 })
  const facts: Record<string, unknown>[] = []
  for await (const message of messages) facts.push(message.json())
  return facts
}

test('an account is announced, and known to whoever asks over NATS', async () => {
  const made = await send('POST', '/api/v1/register', { login: 'olena', password, name: 'Олена' })
  expect(made.status).toBe(201)
  const facts = await factsOnStream(2)
  expect(facts).toMatchObject([
    { role: 'admin', tenant_id: 'default' },
    { user_id: Number(made.body.id), role: 'customer', tenant_id: 'default' },
  ])
  const profile = await rpc.ask(GetProfile, call(), { user_id: made.body.id ?? '' })
  expect(profile).toEqual({ ok: true, value: { name: 'Олена' } })
  const nobody = await rpc.ask(GetProfile, call(), { user_id: 999_999 })
  expect(nobody).toMatchObject({ ok: false, error: { code: 'user_not_found' } })
})

test('a session cookie is exchanged over NATS for a token of a minute', async () => {
  const cookie = cookieOf(await login('olena'))
  const session = cookie.split('=')[1] ?? ''
  const answer = await rpc.ask(ExchangeSession, call(), { session })
  if (!answer.ok) throw new Error(`refused: ${answer.error.code}`)
  expect(answer.value).toMatchObject({ expires_in: 60, role: 'customer' })
  const authorization = `Bearer ${answer.value.access_token}`
  expect((await send('GET', '/api/v1/user/profile', undefined, { authorization })).status).toBe(200)
  await send('POST', '/api/v1/logout', undefined, { cookie })
  const after = await rpc.ask(ExchangeSession, call(), { session })
  expect(after).toMatchObject({ ok: false, error: { code: 'unauthenticated' } })
})

test('sessions, tokens and keys are there after it was killed', async () => {
  const { body } = await login('olena')
  const keys = (await send('GET', '/.well-known/jwks.json')).body
  await system.kill('accounts')
  await system.start('accounts')
  expect((await send('GET', '/.well-known/jwks.json')).body).toEqual(keys)
  const authorization = `Bearer ${body.access_token}`
  expect((await send('GET', '/api/v1/user/profile', undefined, { authorization })).status).toBe(200)
  const refreshed = await send('POST', '/api/v1/token/refresh', { refresh_token: body.refresh_token })
  expect(refreshed.status).toBe(200)
})

test('the first admin is who the settings name, and their password is no second time theirs to set', async () => {
  const { body } = await login('boss')
  expect(decodeJwt(body.access_token ?? '')).toMatchObject({ role: 'admin' })
  await system.restart('accounts', { ACCOUNTS_ADMIN_PASSWORD: 'another long password' })
  expect((await login('boss', 'another long password')).status).toBe(401)
  expect((await login('boss')).status).toBe(200)
  // Nor does a setting make an admin of whoever was quicker with the login.
  await system.restart('accounts', { ACCOUNTS_ADMIN_LOGIN: 'olena', ACCOUNTS_ADMIN_PASSWORD: password })
  expect(decodeJwt((await login('olena')).body.access_token ?? '')).toMatchObject({ role: 'customer' })
})

async function makeAdmin(args: readonly string[], input: string, dataDir = system.dataDir) {
  const { ACCOUNTS_DATABASE_URL: _, ...env } = process.env
  const command = ['accounts/make-admin/main.ts', '--data', dataDir, ...args]
  const child = Bun.spawn([process.execPath, '--no-env-file', ...command], {
    cwd: root,
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...env, NODE_ENV: '' },
  })
  const [out, problem, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { code, said: `${out}${problem}` }
}

test('an admin is made by a command while the service runs, and announced by it', async () => {
  const before = (await factsOnStream(2)).length
  expect(await makeAdmin(['--login', 'second.boss'], `${password}\n`)).toEqual({
    code: 0,
    said: 'second.boss is an admin\n',
  })
  expect(decodeJwt((await login('second.boss')).body.access_token ?? '')).toMatchObject({ role: 'admin' })
  expect((await factsOnStream(before + 1)).at(-1)).toMatchObject({ role: 'admin' })
})

test('the command takes no weak password, no login of somebody else’s, and promotes only where told to', async () => {
  expect(await makeAdmin(['--login', 'third.boss'], 'password1\n')).toMatchObject({ code: 1 })
  expect(await makeAdmin(['--login', 'third.boss'], '')).toMatchObject({ code: 1 })
  const taken = await makeAdmin(['--login', 'OLENA'], `${password}\n`)
  expect(taken).toMatchObject({ code: 1, said: expect.stringContaining('--promote') })
  expect(decodeJwt((await login('olena')).body.access_token ?? '')).toMatchObject({ role: 'customer' })
  expect(await makeAdmin(['--login', 'OLENA', '--promote'], '')).toMatchObject({ code: 0 })
  expect(decodeJwt((await login('olena')).body.access_token ?? '')).toMatchObject({ role: 'admin' })
  expect(await makeAdmin(['--login', 'nobody', '--promote'], '')).toMatchObject({ code: 1 })
})

test('the command makes no admin where no shop is, and nothing there', async () => {
  const nowhere = join(system.dataDir, 'nowhere')
  for (const more of [[], ['--promote']])
    expect(await makeAdmin(['--login', 'boss', ...more], `${password}\n`, nowhere)).toEqual({
      code: 1,
      said: `make-admin: there are no accounts in ${join(nowhere, 'accounts.sqlite')}: where is the shop (--data DIR, ACCOUNTS_DATABASE_URL), or has it never run?\n`,
    })
  expect(existsSync(nowhere)).toBe(false)
})

test('what it has logged all the while holds no password, token or cookie', async () => {
  const log = system.logs('accounts').join('\n')
  expect(log).not.toContain(password)
  expect(log).not.toMatch(/eyJ[\w-]+\./)
  expect(log).not.toContain('session_id')
})
