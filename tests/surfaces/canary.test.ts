//! Marked secrets go in at every door and by every setting, in whatever ends well or badly; no log tells one, at any level.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join, resolve } from 'node:path'
import { connect, headers } from '@nats-io/transport-node'
import type { TSchema } from '@sinclair/typebox'
import fc from 'fast-check'
import { startChild } from '../../tools/dev/child.ts'
import { counted } from '../faults/counted.ts'
import { canariesIn, canary } from '../harness/canary.ts'
import { makeScratchShop, standIn } from '../harness/scratch.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { Connection } from './connection.ts'
import { arbitraryOf } from './fuzz/arbitrary.ts'
import { call, clientOf, grpcMethods } from './fuzz/grpc.ts'
import { httpRoutes } from './fuzz/http.ts'
import { rpcMethods } from './fuzz/rpc.ts'

setDefaultTimeout(90_000)
const services = [
  'accounts',
  'loms',
  'cart',
  'catalog',
  'notifier',
  'billing',
  'delivery',
  'gateway',
] as const
const repository = resolve(import.meta.dir, '../..')
const serviceToken = canary('service-token')
const routes = await httpRoutes()

let system: TestSystem
let planted = 0
/** Names what was planted, so that a log that tells it is understood. */
const plant = (what: string): string => {
  planted += 1
  return canary(what)
}

beforeAll(async () => {
  system = await startSystem({
    seed: true,
    services,
    env: {
      LOG_LEVEL: 'trace',
      REQUIRE_AUTH: 'true',
      SERVICE_TOKEN: serviceToken,
      CATALOG_TOKEN: plant('catalog-token'),
      REQUEST_TIMEOUT_MS: '2000',
      ACCOUNTS_ARGON2_MEMORY_KIB: '1024',
      ACCOUNTS_ARGON2_PASSES: '1',
      ACCOUNTS_ADMIN_LOGIN: 'boss',
      ACCOUNTS_ADMIN_PASSWORD: plant('admin-password'),
      GATEWAY_CSRF_SECRET: plant('csrf-secret'),
      GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: '0',
    },
  })
})
afterAll(() => system.stop())

type Sent = { readonly headers?: Record<string, string>; readonly text?: string; readonly query?: string }

async function send(
  route: (typeof routes)[number],
  { headers: more, text, query = '' }: Sent,
): Promise<number> {
  const path = route.path.replaceAll(/:\w+/g, '1')
  const response = await fetch(`${system.url(route.service)}${path}${query}`, {
    method: route.method,
    headers: { 'content-type': 'application/json', ...more },
    ...(route.method === 'GET' ? {} : { body: text ?? '{}' }),
  })
  await response.body?.cancel()
  return response.status
}

/** A body that the route likes, with a canary wherever there is free text, and the words of the catalogue's token. */
function likedBody(schema: TSchema, seed: number): unknown {
  const [body] = fc.sample(arbitraryOf(schema), { numRuns: 1, seed })
  return JSON.parse(
    JSON.stringify(body, (name, value: unknown) =>
      name === 'token' || (typeof value === 'string' && /^[^\d].{3,}/.test(value) && isFreeText(name))
        ? plant(name === 'token' ? 'catalog-token' : `text of ${name}`)
        : value,
    ),
  )
}
const isFreeText = (name: string) =>
  /name|address|comment|reason|note|phone|email|city|description/.test(name)

test('over HTTP: tokens, cookies, keys, queries, paths, and bodies of every kind', async () => {
  const statuses = new Map<number, number>()
  const asked = async (route: (typeof routes)[number], sent: Sent) => {
    const status = await send(route, sent)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  for (const route of routes) {
    const good = { authorization: `Bearer ${serviceToken}` }
    const [liked, other] = [7, 8].map((seed) =>
      route.body === undefined ? '{}' : JSON.stringify(likedBody(route.body, seed)),
    )
    if (liked === undefined) throw new Error('there are two')
    const marked = {
      cookie: `session_id=${plant('session cookie')}`,
      'idempotency-key': plant(`key-of-${route.path}`),
      'x-api-key': plant('api-key'),
      'user-agent': plant('user-agent'),
      forwarded: `for=${plant('forwarded')}`,
      'x-forwarded-for': plant('x-forwarded-for'),
      'x-service-token': plant('x-service-token'),
      'x-csrf-token': plant('csrf-token'),
    }
    for (const text of [liked, liked, other ?? ''])
      await asked(route, { headers: { ...good, ...marked }, text })
    await asked(route, {
      headers: { ...good, ...marked },
      text: JSON.stringify({ ...JSON.parse(liked), comment: plant('comment') }),
    })
    await asked(route, {
      headers: {
        ...good,
        'x-tenant-id': `${plant('tenant')} ?`,
        'idempotency-key': `${plant('key')} ${plant('key')}`,
      },
    })
    await asked(route, { query: `?token=${plant('query')}&card=${plant('card')}`, headers: good })
    for (const authorization of [`Bearer ${plant('bearer')}`, `Basic ${plant('basic')}`, plant('plain')])
      await asked(route, { headers: { authorization, ...marked }, text: liked })
    for (const text of [
      `{"password":"${plant('password')}`,
      `"${plant('a word')}"`,
      JSON.stringify({
        [plant('field')]: plant('value'),
        user: plant('user'),
        items: [{ sku: plant('sku') }],
      }),
      `{"user":1,"token":"${plant('null')}\\u0000"}`,
    ])
      await asked(route, { headers: { ...good, ...marked }, text })
  }
  // All ways through the routes were gone.
  for (const status of [200, 400, 401, 422])
    expect([status, (statuses.get(status) ?? 0) > 0]).toEqual([status, true])
})

/** What accounts gave out, and what cannot bear a mark: looked for as it is. */
const given = new Map<string, string>()

test('of people: who they are, how they sign in, and everything that they are given for it', async () => {
  const person = {
    login: 'olena',
    password: plant('password'),
    name: plant('name'),
    email: `${plant('email')}@example.org`,
    phone: '+380 44 471 14 71',
  }
  given.set('phone', person.phone)
  const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: object) => {
    planted += 1
    const response = await fetch(`${system.url('gateway')}/api/v1${path}`, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const told = (text === '' ? {} : JSON.parse(text)) as Record<string, string>
    const round = `${method} ${path} ${given.size}`
    for (const cookie of response.headers.getSetCookie())
      given.set(`cookie of ${round}`, cookie.split(';')[0]?.split('=')[1] ?? '')
    for (const name of ['access_token', 'refresh_token']) {
      const token = told[name]
      if (token !== undefined) given.set(`${name} of ${round}`, token)
    }
    return {
      status: response.status,
      cookies: response.headers.getSetCookie().map((one) => one.split(';')[0]),
      told,
    }
  }
  expect((await ask('POST', '/register', {}, person)).status).toBe(201)
  expect((await ask('POST', '/register', {}, person)).status).toBe(409)
  const { login, password } = person
  const wrong = { login, password: plant('wrong-password') }
  expect((await ask('POST', '/login', {}, wrong)).status).toBe(401)
  expect(
    (await ask('POST', '/login', {}, { login, password, [plant('field')]: plant('value') })).status,
  ).toBe(400)
  const { told, cookies } = await ask('POST', '/login', {}, { login, password })
  const cookie = cookies.join('; ')
  const csrf = { 'x-csrf-token': cookies[1]?.split('=').slice(1).join('=') ?? '' }
  const bearer = { authorization: `Bearer ${told.access_token}` }
  for (const headers of [bearer, { cookie }, { cookie, ...bearer }])
    expect((await ask('GET', '/user/profile', headers)).status).toBe(200)
  expect((await ask('GET', '/user/profile', { authorization: `${bearer.authorization}x` })).status).toBe(401)
  const changed = { email: `${plant('other-email')}@example.org`, phone: null }
  expect((await ask('POST', '/user/profile', { cookie }, changed)).status).toBe(403)
  expect((await ask('POST', '/user/profile', { cookie, ...csrf }, changed)).status).toBe(200)
  const next = { current_password: plant('wrong-password'), new_password: plant('new-password') }
  expect((await ask('POST', '/user/password', bearer, next)).status).toBe(401)
  const refresh = { refresh_token: told.refresh_token }
  expect((await ask('POST', '/token/refresh', {}, refresh)).status).toBe(200)
  const sessions = `/sessions?email=${plant('email-in-query')}`
  expect((await ask('GET', sessions, { cookie })).status).toBe(400)
  const delivery = {
    method: 'courier',
    address: { city: plant('city'), address: plant('address'), phone: '+380 44 471 14 72' },
  }
  given.set('phone of the address', delivery.address.phone)
  const order = { items: [{ product_id: 'prod_123', quantity: 1 }], delivery }
  expect((await ask('POST', '/order', { cookie, ...csrf }, order)).status).toBeWithin(200, 503)
  const callback = `/oauth/google/callback?code=${plant('code')}&state=${plant('state')}`
  expect((await ask('GET', callback, { cookie })).status).toBeGreaterThanOrEqual(400)
  expect((await ask('POST', '/logout', { cookie, ...csrf })).status).toBe(204)
  expect((await ask('GET', '/user/profile', { cookie })).status).toBe(401)
})

test('over HTTP: what is no route, no header and no HTTP', async () => {
  for (const service of services) {
    await fetch(`${system.url(service)}/${plant('path')}/${plant('path')}?x=${plant('query')}`)
    await fetch(`${system.url(service)}/metrics`, {
      headers: { authorization: `Bearer ${plant('metrics')}` },
    })
    await fetch(`${system.url(service)}/health/ready`, {
      method: 'DELETE',
      headers: { cookie: plant('cookie') },
    })
    for (const text of [
      `GET /health/live HTTP/1.1\r\nHost: ${plant('host')} x\r\n\r\n`,
      `${plant('method')} / HTTP/1.1\r\nHost: x\r\n\r\n`,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${plant('length')}\r\n\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\n${plant('folded')}\r\n\r\n`,
    ]) {
      await using connection = new Connection(system.url(service))
      await connection.send(text).answers(1, 1_000)
    }
  }
})

test('over gRPC: metadata, messages and bytes that are none', async () => {
  for (const method of grpcMethods()) {
    const client = clientOf(system.grpc(method.service))
    const name = Buffer.from(plant('field'))
    const text = Buffer.concat([Buffer.of(0x0a, name.length), name])
    const good = { authorization: `Bearer ${serviceToken}`, 'idempotency-key': plant('grpc-key') }
    for (const [bytes, metadata] of [
      [text, good],
      [text.subarray(0, 9), good],
      [Buffer.from(plant('bytes')), good],
      [Buffer.alloc(0), { ...good, cookie: plant('grpc-cookie'), 'x-api-key': plant('grpc-api-key') }],
      [Buffer.alloc(0), { authorization: `Bearer ${plant('grpc-bearer')}` }],
    ] as const)
      await call(client, method, { bytes, metadata })
    client.close()
  }
})

test('over NATS: questions and facts of strangers', async () => {
  const connection = await connect({ servers: system.natsUrl })
  for (const { subject } of rpcMethods()) {
    const about = headers()
    about.set('Kiosk-Idempotency-Key', plant('rpc-key'))
    about.set('authorization', plant('rpc-token'))
    for (const text of [
      plant('no JSON'),
      JSON.stringify({ token: plant('token'), sku: plant('sku'), user_id: plant('user') }),
    ])
      await connection.request(subject, text, { headers: about, timeout: 5_000 }).catch(() => undefined) // nobody serves some
  }
  for (const subject of ['order.created', 'order.confirmed', 'product.changed']) {
    const about = headers()
    for (const [name, value] of [
      ['ce-id', `evt_${crypto.randomUUID().replaceAll('-', '')}`],
      ['ce-type', subject],
      ['ce-subject', '77'],
      ['ce-time', new Date().toISOString()],
      ['authorization', plant('fact-token')],
    ] as const)
      about.set(name, value)
    for (const text of [
      `{"name":"${plant('fact')}`,
      JSON.stringify({ name: plant('fact'), phone: plant('phone') }),
    ])
      await connection.request(subject, text, { headers: about, timeout: 5_000 })
  }
  const endsAt = performance.now() + 20_000
  while (!system.logs('notifier').some((line) => line.includes('dead letter')) && performance.now() < endsAt)
    await Bun.sleep(50)
  await connection.close()
})

test('when the store cannot be written and NATS is away', async () => {
  const create = routes.find(({ path }) => path === '/order/create')
  const add = routes.find(({ path }) => path === '/cart/item/add')
  if (create === undefined || add === undefined) throw new Error('the routes have other names now')
  const marked = () => ({
    authorization: `Bearer ${serviceToken}`,
    'idempotency-key': plant('key-in-trouble'),
  })
  // Somebody holds the file's lock for longer than anybody waits for it.
  const hold = `const { Database } = require('bun:sqlite')
    const file = new Database(${JSON.stringify(join(system.dataDir, 'loms.sqlite'))})
    file.exec('PRAGMA busy_timeout = 5000'); file.exec('BEGIN IMMEDIATE'); console.log('held'); setTimeout(() => file.exec('ROLLBACK'), 3000)`
  const holder = Bun.spawn([process.execPath, '-e', hold], { stdout: 'pipe', stderr: 'inherit' })
  await holder.stdout.getReader().read()
  const order = JSON.stringify({ user: 1, items: [{ sku: 2001, count: 1 }] })
  expect(await send(create, { headers: marked(), text: order })).toBe(503)
  expect(await holder.exited).toBe(0)
  await system.kill('nats')
  expect(await send(add, { headers: marked(), text: '{"user":1,"sku":2001,"count":1}' })).toBe(503)
  await system.start('nats')
})

test('when a service is started with settings that do not work', async () => {
  const password = plant('database-password')
  const settings = {
    LOMS_DATABASE_URL: `postgres://kiosk:${password}@127.0.0.1:1/kiosk`,
    CART_DATABASE_URL: `mysql://kiosk:${password}@127.0.0.1/kiosk`,
    NOTIFIER_DATABASE_URL: `kiosk:${password}@127.0.0.1`,
    BILLING_DATABASE_URL: `postgres//kiosk:${password}`,
    DELIVERY_DATABASE_URL: `postgres://kiosk:${password}@127.0.0.1:99999/kiosk`,
    CATALOG_DATABASE_URL: `postgres://kiosk:${password}@[127.0.0.1/kiosk`,
    ACCOUNTS_DATABASE_URL: `sqlite://kiosk:${password}@127.0.0.1/kiosk`,
    ACCOUNTS_KEY_SECRET: plant('key-secret'),
    GATEWAY_UPSTREAM_LOMS: `http://kiosk:${password}@127.0.0.1:8081`,
    GATEWAY_CSRF_SECRET: plant('csrf-secret'),
    NATS_URL: `nats://kiosk:${plant('nats-password')}@127.0.0.1:1`,
    SERVICE_TOKEN: plant('service-token'),
  }
  for (const service of services) {
    const lines: string[] = []
    const child = startChild({
      name: service,
      command: [process.execPath, '--no-env-file', join(service, 'main.ts')],
      cwd: repository,
      env: { ...process.env, ...settings, DATA_DIR: system.dataDir, LOG_LEVEL: 'trace' },
      onLine: (line) => lines.push(line),
    })
    const started = Bun.sleep(30_000).then(() => undefined)
    const exit = await Promise.race([child.exited, started])
    if (exit === undefined) await child.stop(1_000)
    expect(exit?.code).toBe(1)
    expect(lines.join('\n')).toContain('cannot start')
    expect(canariesIn(new Map([[service, lines]]))).toEqual([])
  }
})

test('none of it is in a log, and the logs are those of all that', () => {
  const logs = new Map(services.map((service) => [service, system.logs(service)] as const))
  expect(canariesIn(logs)).toEqual([])
  expect(given.size).toBeGreaterThan(5)
  for (const [service, lines] of logs)
    for (const [what, secret] of given)
      expect([service, what, secret !== '' && lines.some((line) => line.includes(secret))]).toEqual([
        service,
        what,
        false,
      ])
  for (const [service, lines] of logs) {
    // Everything was logged: at trace there are lines of successes too.
    const refused = lines.filter((line) => /"msg":"request refused"/.test(line)).length
    expect([service, refused > 20]).toEqual([service, true])
  }
  const answered = [...logs.values()].flat().filter((line) => /"msg":"request answered"/.test(line))
  expect(answered.length).toBeGreaterThan(0)
  expect(
    system.logs('loms').filter((line) => /could not be committed|database is locked/.test(line)).length,
  ).toBeGreaterThan(0)
  const lines = [...logs.values()].reduce((sum, each) => sum + each.length, 0)
  counted(19, { 'secrets planted': planted, 'lines searched': lines, 'secrets told': 0 })
})

test('a system that logs one does not stop without a word about it', async () => {
  await using shop = await makeScratchShop()
  await shop.write('cart/main.ts', `${standIn}\nconsole.log(process.env.IDEMPOTENCY_SECRET)`)
  const careless = await startSystem({ root: shop.root })
  await expect(careless.stop()).rejects.toThrow('secrets were logged:\ncart: ')
})
