//! Told to stop, each service finishes what it has begun, says that it is not ready, and ends in good order.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join, resolve } from 'node:path'
import { type Child, startChild } from '../../tools/dev/child.ts'
import { waitForReady } from '../../tools/dev/ready.ts'
import { settingName } from '../../tools/dev/services.ts'
import { freePort } from '../harness/ports.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { Connection } from '../surfaces/connection.ts'
import { eventually, type Shop, shopOf } from './shop.ts'

setDefaultTimeout(60_000)
const stopMsMax = 10_000
const root = resolve(import.meta.dir, '../..')

/** One request for each; those of cart and loms change something. */
const requests = {
  cart: { path: '/cart/item/add', body: { user: 1, sku: 2001, count: 3 } },
  notifier: { path: '/history', body: { user: 1 } },
  loms: { path: '/order/create', body: { user: 1, items: [{ sku: 2001, count: 2 }] } },
  catalog: { path: '/get_product', body: { token: 'testtoken', sku: 2001 } },
} as const
type Service = keyof typeof requests
const services = Object.keys(requests) as Service[]

let system: TestSystem
let shop: Shop
const ports = new Map<string, number>(services.map((name) => [name, freePort()]))
const url = (name: string) => `http://127.0.0.1:${ports.get(name)}`
const running = new Map<Service, { readonly child: Child; readonly lines: string[] }>()

beforeAll(async () => {
  // Services of our own beside its NATS and its data, since we want to know their exit codes.
  system = await startSystem({ services: [], seed: true })
  shop = shopOf({ url })
  await Promise.all(services.map(start))
})
afterAll(async () => {
  await Promise.all([...running.values()].map(({ child }) => child.stop(stopMsMax)))
  await system.stop()
})

async function start(name: Service): Promise<void> {
  const lines: string[] = []
  const env = {
    ...process.env,
    NODE_ENV: undefined,
    DATA_DIR: system.dataDir,
    NATS_URL: system.natsUrl,
    [settingName(name, 'HTTP_PORT')]: String(ports.get(name)),
    [settingName(name, 'GRPC_PORT')]: '0',
  }
  const command = [process.execPath, '--no-env-file', join(name, 'main.ts')]
  const child = startChild({ name, command, cwd: root, env, onLine: (line) => lines.push(line) })
  running.set(name, { child, lines })
  const until = new AbortController()
  void child.exited.then(() => until.abort())
  if (!(await waitForReady(url(name), { timeoutMs: 30_000, until: until.signal })))
    throw new Error(`${name} did not start:\n${lines.join('\n')}`)
}

/** Half a request; `rest` is what it lacks. */
function halves({ path, body }: { path: string; body: unknown }) {
  const text = Buffer.from(JSON.stringify(body))
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n`
  return { first: [head, text.subarray(0, 5)], rest: text.subarray(5) }
}

// The ones that ask come before the ones that are asked.
test.each(services)('%s answers the request that it has, and ends with exit code 0', async (name) => {
  const service = running.get(name)
  if (service === undefined) throw new Error(`${name} does not run`)
  await using idle = new Connection(url(name))
  await idle.send('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n').answers()
  await using connection = new Connection(url(name))
  const { first, rest } = halves(requests[name])
  connection.send(...first)
  await eventually(`${name} to have taken the request`, async () => {
    const metrics = await (await fetch(`${url(name)}/metrics`, { keepalive: false })).text()
    return /^http_requests_in_flight\b.* 1$/m.test(metrics) ? true : undefined
  })

  const told = performance.now()
  service.child.signal('SIGTERM')
  await eventually(`${name} to take no more connections`, async () => {
    await using late = new Connection(url(name))
    const [answer] = await late.send('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n').answers()
    return answer === undefined ? true : undefined
  })
  connection.send(rest)
  const [answer] = await connection.answers()
  expect(answer?.status).toBe(200)
  expect(answer?.headers.toLowerCase()).toContain('connection: close')

  expect(await service.child.exited).toEqual({ code: 0, signal: null })
  expect(performance.now() - told).toBeLessThan(stopMsMax)
  expect(await idle.closed()).toBe(true)
  expect(service.lines.at(-1)).toContain('"msg":"stopped"')
  const complaints = service.lines.filter((line) => /"level":"(error|fatal)"/.test(line))
  expect(complaints.filter((line) => !line.includes('there is no stream'))).toEqual([])
})

test('what was answered while stopping is there afterwards, and so is what it announced', async () => {
  await Promise.all(services.map(start))
  expect(await shop.statusOf(1)).toBe('awaiting payment')
  const listed = await shop.done('cart', '/cart/list', { user: 1 })
  expect(listed).toMatchObject({ items: [{ sku: 2001, count: 3 }] })
  expect(await shop.notices(1, 1)).toMatchObject([{ order_id: 1, status: 'awaiting payment' }])
})

test('all at once, as the machine does when it goes down, they all end with exit code 0', async () => {
  const told = performance.now()
  for (const { child } of running.values()) child.signal('SIGTERM')
  const exits = await Promise.all([...running.values()].map(({ child }) => child.exited))
  expect(exits).toEqual(services.map(() => ({ code: 0, signal: null })))
  expect(performance.now() - told).toBeLessThan(stopMsMax)
})
