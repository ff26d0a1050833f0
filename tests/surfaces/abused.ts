//! What the tests of hostile requests share: a route of each service that likes a body, parts of requests, and what a right refusal is.
import { expect } from 'bun:test'
import type { TestSystem } from '../harness/system.ts'
import { type Answer, Connection } from './connection.ts'

export const limitBytes = 100_000
/** Short, so that what is slow is soon too slow. */
export const timeoutMs = 500

/** One route of each service with a body that it likes. */
export const routes = {
  catalog: { path: '/get_product', good: { token: 'testtoken', sku: 2001 } },
  loms: { path: '/order/create', good: { user: 1, items: [{ sku: 2001, count: 1 }] } },
  cart: { path: '/cart/item/add', good: { user: 1, sku: 2001, count: 1 } },
  notifier: { path: '/history', good: { user: 1 } },
} as const
export type Service = keyof typeof routes
export const services = Object.keys(routes) as Service[]
export type Part = string | Uint8Array
export type Cases = Readonly<Record<string, readonly Part[]>>

export const settings = {
  REQUEST_TIMEOUT_MS: String(timeoutMs),
  HTTP_BODY_LIMIT_BYTES: String(limitBytes),
}

export const goodText = (service: Service) => JSON.stringify(routes[service].good)

/** A POST to the service's route: `headers` end their own lines. */
export const post = (service: Service, headers: string, ...body: readonly Part[]): readonly Part[] => [
  `POST ${routes[service].path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`,
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

/** How many cases were tried, over all services. */
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

/** Says every case that came out otherwise than `status code`, by its name. */
export async function expectProblems(
  system: TestSystem,
  service: Service,
  wanted: string,
  cases: Cases,
): Promise<void> {
  const found: Record<string, string> = {}
  for (const [name, parts] of Object.entries(cases)) {
    const answer = await answerTo(system, service, parts)
    found[name] = answer === undefined ? 'nothing' : wordsOf(answer)
  }
  expect(found).toEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, wanted])))
}

export function wordsOf({ status, headers, body }: Answer): string {
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
  expect((await answerTo(system, service, withLength(service, goodText(service))))?.status).toBe(200)
  const trouble = system.logs(service).filter((line) => /"msg":"request failed"|"level":"fatal"/.test(line))
  expect(trouble).toEqual([])
}
