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
const services = ['loms', 'cart', 'catalog', 'notifier', 'billing', 'delivery'] as const
const repository = resolve(import.meta.dir, '../..')
const serviceToken = canary('service-token')
const routes = httpRoutes()

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
