//! Every route, every question and every gRPC method of the running system is asked with whatever its schema allows, and with one thing wrong: each answer is one that was promised.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { connect } from '@nats-io/transport-node'
import fc from 'fast-check'
import { chanceOf, roundsOf, timeoutMsOf } from '../faults/chance.ts'
import { counted } from '../faults/counted.ts'
import { settled } from '../faults/shop.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { accountsIssuer } from '../harness/tokens.ts'
import { demoPassword } from './fuzz/arbitrary.ts'
import { call, clientOf, grpcMethods, grpcRequestsOf } from './fuzz/grpc.ts'
import { type Credentials, type Document, httpRequestsOf, httpRoutes, whatIsWrong } from './fuzz/http.ts'
import { ask, codeOf, rpcMethods, rpcRequestsOf, served } from './fuzz/rpc.ts'

setDefaultTimeout(60_000)
const requests = roundsOf(5_000)
const routes = await httpRoutes()
const questions = rpcMethods()
const methods = grpcMethods()
const each = Math.ceil(requests / (routes.length + questions.length + methods.length))
const seed = chanceOf('fuzz').between(1, 2 ** 31 - 1)
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
const manyTries = '1000000'
/** Passwords are hashed as cheaply as may be, and nobody asks too often: what is looked for is elsewhere. */
const env = {
  LOG_LEVEL: 'warn',
  CART_CHECKOUT_WINDOW_SECONDS: '2',
  ACCOUNTS_ARGON2_MEMORY_KIB: '1024',
  ACCOUNTS_ARGON2_PASSES: '1',
  ACCOUNTS_FAILURES_PER_ADDRESS: manyTries,
  ACCOUNTS_FAILURES_PER_ACCOUNT: manyTries,
  ACCOUNTS_FAILURES_OF_STRANGERS: manyTries,
  ACCOUNTS_REGISTRATIONS_PER_ADDRESS: manyTries,
  GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '0',
  GATEWAY_ACCOUNT_REQUESTS_PER_MINUTE: '0',
  GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: '0',
}

/** How often which answer came. */
const outcomes = new Map<string, number>()
const note = (outcome: string) => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
const total = (wanted: (outcome: string) => boolean) =>
  [...outcomes].reduce((sum, [outcome, count]) => (wanted(outcome) ? sum + count : sum), 0)

/** Makes an account and signs in to it, as a browser does. */
async function signedIn(system: TestSystem, login: string): Promise<Credentials['sessions'][number]> {
  const ask = async (path: string) => {
    const response = await fetch(`${system.url('gateway')}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password: demoPassword }),
    })
    await response.body?.cancel()
    return response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? '')
  }
  await ask('/api/v1/register')
  const [cookie, csrf] = await ask('/api/v1/login')
  if (cookie === undefined || csrf === undefined) throw new Error(`${login} could not sign in`)
  return { cookie, csrf: csrf.slice(csrf.indexOf('=') + 1) }
}

/** So many of what the arbitrary makes; a failure is told with the smallest that fails and how to make it again. */
const all = <T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => Promise<void>) =>
  fc.assert(fc.asyncProperty(arbitrary, holds), { numRuns: each, seed })

describe('the doors', () => {
  let system: TestSystem
  let credentials: Credentials
  const documents = new Map<string, Document>()
  beforeAll(async () => {
    system = await startSystem({ seed: true, services, env })
    const sessions = await Promise.all(['olena', 'petro', 'ivan'].map((login) => signedIn(system, login)))
    const bearerOf = await accountsIssuer(system)
    const owners = [
      { user: 1 },
      { user: 2 },
      { user: 3, role: 'admin' },
      { user: 4, role: 'courier' },
      { user: 5, tenant: 'north' },
    ] as const
    const accounts = await Promise.all(owners.map(bearerOf))
    credentials = { service: 'Bearer development-service-token', accounts, sessions }
    for (const service of services)
      documents.set(service, (await (await fetch(`${system.url(service)}/swagger/json`)).json()) as Document)
  })
  afterAll(() => system.stop())

  test(
    `every HTTP route answers as its document says, ${each} times each`,
    async () => {
      await Promise.all(
        routes.map((route) =>
          all(httpRequestsOf(route, credentials), async ({ path, headers, text }) => {
            const response = await fetch(`${system.url(route.service)}${path}`, {
              method: route.method,
              headers,
              redirect: 'manual',
              ...(text === undefined ? {} : { body: text }),
            })
            const answer = {
              status: response.status,
              type: response.headers.get('content-type') ?? '',
              text: await response.text(),
            }
            note(`HTTP ${answer.status}`)
            const problem = whatIsWrong(route, documents.get(route.service) ?? { paths: {} }, answer)
            if (problem !== undefined)
              throw new Error(`${route.service} ${route.method} ${route.path}: ${problem}`)
          }),
        ),
      )
    },
    timeoutMsOf(requests, 20),
  )

  test(
    `every gRPC method answers with a code that callers may be told, ${each} times each`,
    async () => {
      const clients = new Map(['loms', 'cart', 'catalog'].map((name) => [name, clientOf(system.grpc(name))]))
      await Promise.all(
        methods.map(async (method) => {
          const client = clients.get(method.service)
          if (client === undefined) throw new Error(`no client for ${method.service}`)
          await all(grpcRequestsOf(method), async (sent) => note(`gRPC ${await call(client, method, sent)}`))
        }),
      )
      for (const client of clients.values()) client.close()
    },
    timeoutMsOf(requests, 20),
  )

  test('afterwards everything adds up, and nobody has had trouble', async () => {
    for (const service of services) {
      const trouble = system
        .logs(service)
        .filter(
          (line) => /"level":"(error|fatal)"/.test(line) && !/there is no stream|"status":503/.test(line),
        )
      expect(trouble).toEqual([])
    }
    const { ok, output, counts } = await settled(system, 20_000)
    expect(ok ? '' : output).toBe('')
    // Chance has found its way in: what is refused only would show little. Which ways it finds is its own affair.
    const made = ['orders pending', 'orders confirmed', 'orders failed', 'orders cancelled']
    expect(made.reduce((sum, name) => sum + (counts[name] ?? 0), 0)).toBeGreaterThan(0)
  })
})

describe('the questions between services', () => {
  let system: TestSystem
  beforeAll(async () => {
    // Without cart: who makes orders of checkouts here is nobody that cart knows of.
    system = await startSystem({ seed: true, services: ['accounts', 'catalog', 'loms'], env })
  })
  afterAll(() => system.stop())

  test(
    `each is answered as its contract says, ${each} times each`,
    async () => {
      const connection = await connect({ servers: system.natsUrl })
      await Promise.all(questions.map((method) => served(connection, method)))
      await Promise.all(
        questions.map((method) =>
          all(rpcRequestsOf(method), async (sent) =>
            note(`RPC ${codeOf(method, await ask(connection, method, sent))}`),
          ),
        ),
      )
      await connection.close()
      const { ok, output } = await settled(system, 20_000)
      expect(ok ? '' : output).toBe('')
    },
    timeoutMsOf(requests, 20),
  )
})

test('and that were all kinds of answers', () => {
  console.log(
    `  ${[...outcomes]
      .sort()
      .map(([outcome, count]) => `${outcome} × ${count}`)
      .join(', ')}`,
  )
  const notNow = total((outcome) =>
    / (503|UNAVAILABLE|RESOURCE_EXHAUSTED|overloaded|unavailable)$/.test(outcome),
  )
  counted(18, {
    'requests over HTTP': total((outcome) => outcome.startsWith('HTTP')),
    'over gRPC': total((outcome) => outcome.startsWith('gRPC')),
    questions: total((outcome) => outcome.startsWith('RPC')),
    'not now': notNow,
    '5xx': total((outcome) => /^HTTP 5/.test(outcome)) - total((outcome) => outcome === 'HTTP 503'),
  })
  expect(total(() => true)).toBeGreaterThanOrEqual(requests)
  for (const kind of [
    'HTTP 200',
    'HTTP 400',
    'HTTP 404',
    'HTTP 412',
    'gRPC OK',
    'gRPC INVALID_ARGUMENT',
    'RPC ok',
    'RPC invalid_argument',
  ])
    expect([kind, (outcomes.get(kind) ?? 0) > 0]).toEqual([kind, true])
})
