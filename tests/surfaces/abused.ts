//! What the tests of hostile requests share: a route of each service that likes a body, parts of requests, and what a right refusal is.
import { expect } from 'bun:test'
import { canary } from '../harness/canary.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer } from '../harness/tokens.ts'
import { shopOf } from '../journeys/shop.ts'
import { type Answer, Connection } from './connection.ts'

export const limitBytes = 100_000
/** Short, so that what is slow is soon too slow. */
export const timeoutMs = 500

// Tokens of an issuer of our own, which is there as long as the tests are.
const issuer = await startTokenIssuer()
const customer = await issuer.bearer({ user: 1 })

const account = { login: 'abused', password: canary('password') }

type Target = {
  readonly path: string
  /** A body that it understands, however often it comes. */
  readonly good: Readonly<Record<string, unknown>>
  /** What it says to that, where it is not 200. */
  readonly answer?: string
  /** Of somebody who may ask, where not everybody may. */
  readonly bearer?: string
  readonly methods?: string
  /** Whether it changes something, and so takes an idempotency key. */
  readonly takesKeys: boolean
}

/** One route of each service with a body that it likes; the gateway's is one that it passes on. */
export const routes = {
  catalog: { path: '/get_product', good: { token: 'testtoken', sku: 2001 }, takesKeys: false },
  loms: { path: '/order/create', good: { user: 1, items: [{ sku: 2001, count: 1 }] }, takesKeys: true },
  cart: { path: '/cart/item/add', good: { user: 1, sku: 2001, count: 1 }, takesKeys: true },
  notifier: { path: '/history', good: { user: 1 }, takesKeys: false },
  accounts: { path: '/api/v1/login', good: account, takesKeys: false },
  billing: {
    path: '/api/v1/account',
    good: { amount: '1.00' },
    bearer: customer,
    methods: 'GET, HEAD, POST, OPTIONS',
    takesKeys: true,
  },
  delivery: {
    path: '/api/v1/order/sent',
    good: { order_id: 1 },
    answer: '404 shipment_not_found',
    bearer: await issuer.bearer({ user: 2, role: 'courier' }),
    takesKeys: true,
  },
  gateway: {
    path: '/api/v1/cart/items',
    good: { sku: '2001', quantity: 1 },
    bearer: customer,
    takesKeys: true,
  },
} as const satisfies Record<string, Target>
export type Service = keyof typeof routes
export const services = Object.keys(routes) as Service[]
const targetOf = (service: Service): Target => routes[service]
export const methodsOf = (service: Service) => targetOf(service).methods ?? 'POST, OPTIONS'
export const understoodBy = (service: Service) => targetOf(service).answer ?? '200'
export const bearerLine = (service: Service) => {
  const { bearer } = targetOf(service)
  return bearer === undefined ? '' : `Authorization: ${bearer}\r\n`
}
export type Part = string | Uint8Array
export type Cases = Readonly<Record<string, readonly Part[]>>

const settings = {
  ...issuer.env,
  REQUEST_TIMEOUT_MS: String(timeoutMs),
  HTTP_BODY_LIMIT_BYTES: String(limitBytes),
  ACCOUNTS_ARGON2_MEMORY_KIB: '1024',
  ACCOUNTS_ARGON2_PASSES: '1',
}

/** The whole shop, with the account that the good body of accounts is about. */
export async function startAbused(): Promise<TestSystem> {
  const system = await startSystem({ services: 'all', seed: true, env: settings })
  expect((await shopOf(system).ask('accounts', '/api/v1/register', account)).status).toBe(201)
  return system
}

export const goodText = (service: Service) => JSON.stringify(routes[service].good)

/** A POST to the service's route: `headers` end their own lines. */
export const post = (service: Service, headers: string, ...body: readonly Part[]): readonly Part[] => [
  `POST ${routes[service].path} HTTP/1.1\r\nHost: localhost\r\n${bearerLine(service)}${headers}\r\n`,
  ...body,
]
export const jsonType = 'Content-Type: application/json\r\n'
export const chunked = `${jsonType}Transfer-Encoding: chunked\r\n`
export const withLength = (service: Service, body: Part, headers = jsonType) =>
  post(service, `${headers}Content-Length: ${Buffer.byteLength(body)}\r\n`, body)
export const get = (target: string, version = 'HTTP/1.1') => [
  `GET ${target} ${version}\r\nHost: localhost\r\n\r\n`,
]
export const nested = (open: string, close: string, depth: number) =>
  `${open.repeat(depth)}1${close.repeat(depth)}`
export const copies = (count: number, copy: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => copy(i))

/** How many cases were tried, over all services and by every file of the same run. */
export let casesTried = 0

/** The first answer, once nothing else comes that it could have been followed by. */
export async function answerTo(
  system: TestSystem,
  service: Service,
  parts: readonly Part[],
): Promise<Answer | undefined> {
  casesTried += 1
  await using connection = new Connection(system.url(service))
  const [answer] = await connection.send(...parts).answers()
  return answer
}

/** Answered with `wanted` as statuses, and then closed: nothing that was hidden behind it can ever be answered. */
export async function expectClosed(
  system: TestSystem,
  service: Service,
  cases: Cases,
  wanted: readonly number[],
): Promise<void> {
  for (const [name, parts] of Object.entries(cases)) {
    casesTried += 1
    await using connection = new Connection(system.url(service))
    expect([name, await connection.send(...parts).closed()]).toEqual([name, true])
    const statuses = (await connection.answers()).map(({ status }) => status)
    expect([
      name,
      statuses.length <= 1 && statuses.every((status) => wanted.includes(status)),
      statuses,
    ]).toEqual([name, true, statuses])
  }
}

/** The good body is answered as it should be. */
export async function expectUnderstood(system: TestSystem, service: Service): Promise<void> {
  const answer = await answerTo(system, service, withLength(service, goodText(service)))
  expect([service, wordsOf(answer)]).toEqual([service, understoodBy(service)])
}

/** Says every case that came out otherwise than `wanted`, by its name. */
export async function expectAnswers(
  system: TestSystem,
  service: Service,
  wanted: string,
  cases: Cases,
): Promise<void> {
  const found: Record<string, string> = {}
  for (const [name, parts] of Object.entries(cases))
    found[name] = wordsOf(await answerTo(system, service, parts))
  expect(found).toEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, wanted])))
}

/** The status, and of a refusal the code. */
export function wordsOf(answer: Answer | undefined): string {
  if (answer === undefined) return 'nothing'
  const { status, headers, body } = answer
  if (status < 400) return String(status)
  if (!/^content-type: application\/problem\+json\r?$/im.test(headers))
    return `${status} without a problem document`
  const problem = JSON.parse(body) as Readonly<Record<string, unknown>>
  const standard = ['type', 'title', 'status', 'code', 'detail', 'instance', 'request_id']
  const missing = standard.filter((name) => problem[name] === undefined)
  if (missing.length > 0 || problem.status !== status) return `${status} with a poor document: ${body}`
  // However much was sent, the refusal is small.
  return body.length > limitBytes ? `${status} of ${body.length} bytes` : `${status} ${problem.code}`
}

/** It is ready, does its work, and has had no trouble of its own. */
export async function expectWell(system: TestSystem, service: Service): Promise<void> {
  const ready = await fetch(`${system.url(service)}/health/ready`)
  expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', degraded: [] }])
  await expectUnderstood(system, service)
  const trouble = system.logs(service).filter((line) => /"msg":"request failed"|"level":"fatal"/.test(line))
  expect(trouble).toEqual([])
}
