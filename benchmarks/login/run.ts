//! What a crowd that signs in at once costs: its own time, the memory of accounts, and everybody else's answers meanwhile.
import { readFile } from 'node:fs/promises'
import { loadConfig } from '../../accounts/config.ts'
import { keysPath } from '../../contracts/tokens.ts'
import { startSystem, type TestSystem } from '../../tests/harness/system.ts'
import { demoProducts } from '../../tools/seed/shop.ts'
import { Connection, type Reply } from '../lib/connection.ts'
import { flag, Latencies, report, round, usage } from '../lib/measure.ts'

const seconds = flag('seconds', 8)
const crowd = flag('logins', 200)
/** Those that accounts starts with: its defaults, unless the environment says otherwise. */
const { atOnce, waiting, memoryKib } = loadConfig(process.env).passwords

const password = 'correct horse battery staple'
const sampleEveryMs = 10
/** Everybody comes from an address of their own: what is measured is the crowd, not what one address may do. */
const from = (index: number) => `X-Forwarded-For: 10.${index >> 8}.${index & 255}.1\r\n`
/** Others ask one after the other, this long after their last answer: they are to be harmed, not to do harm. */
const pauseMs = 10
const sku = demoProducts
  .filter(({ stock }) => stock.reduce((sum, { onHand }) => sum + onHand, 0) >= 1_000_000)
  .map(({ sku }) => sku)[0]

function expectStatus(what: string, { status, body }: Reply, expected: number): Record<string, unknown> {
  if (status !== expected) throw new Error(`${what} was answered ${status}: ${body}`)
  return JSON.parse(body)
}

/** Fewer than sign in, each from several places: making an account is a hash too. */
async function register(system: TestSystem): Promise<readonly string[]> {
  const logins = Array.from({ length: 25 }, (_, index) => `person${index}`)
  const left = logins.values()
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const connection = await Connection.open(system.url('accounts'))
      for (const login of left)
        expectStatus('register', await connection.post('/api/v1/register', { login, password }), 201)
      connection.close()
    }),
  )
  return logins
}

type Crowd = {
  /** From the first try to the answer that lets in, whatever was refused before. */
  readonly untilIn: Latencies
  /** Of the try that was let in. */
  readonly tries: Latencies
  turnedAway: number
  seconds: number
}

/** All at once; who is turned away comes back when told to, until everybody is in. */
async function signInAtOnce(connections: readonly Connection[], logins: readonly string[], into: Crowd) {
  const startedAt = performance.now()
  await Promise.all(
    connections.map(async (connection, index) => {
      const login = logins[index % logins.length]
      for (;;) {
        const since = performance.now()
        const reply = await connection.post('/api/v1/login', { login, password }, from(index))
        if (reply.status === 503) {
          into.turnedAway += 1
          await Bun.sleep(1_000) // its Retry-After
          continue
        }
        expectStatus('login', reply, 200)
        into.tries.add(performance.now() - since)
        into.untilIn.add(performance.now() - startedAt)
        return
      }
    }),
  )
  into.seconds += (performance.now() - startedAt) / 1000
}

type Other = { readonly name: string; readonly ask: () => Promise<void> }

/** Somebody with a session, and somebody who buys. */
async function others(system: TestSystem, login: string): Promise<readonly Other[]> {
  const open = (service = 'accounts') => Connection.open(system.url(service))
  const [refreshes, profiles, keys, orders] = [await open(), await open(), await open(), await open('loms')]
  const signedIn = expectStatus('login', await refreshes.post('/api/v1/login', { login, password }), 200)
  const bearer = `Authorization: Bearer ${signedIn.access_token}`
  let refreshToken = signedIn.refresh_token
  const get = (connection: Connection, path: string, header = 'Accept: application/json') =>
    connection.send(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${header}\r\n\r\n`)
  return [
    {
      name: 'token refresh',
      ask: async () => {
        const reply = await refreshes.post('/api/v1/token/refresh', { refresh_token: refreshToken })
        refreshToken = expectStatus('refresh', reply, 200).refresh_token
      },
    },
    {
      name: 'profile',
      ask: async () => void expectStatus('profile', await get(profiles, '/api/v1/user/profile', bearer), 200),
    },
    { name: 'keys', ask: async () => void expectStatus('keys', await get(keys, keysPath), 200) },
    {
      name: 'order (loms)',
      ask: async () => {
        const body = { user: 1, items: [{ sku, count: 1 }] }
        expectStatus('order', await orders.post('/order/create', body), 200)
      },
    },
  ]
}

/** Every other asks until `end`; its latencies by its name. */
async function askUntil(all: readonly Other[], end: Promise<unknown>): Promise<Map<string, Latencies>> {
  let isOver = false
  const over = end.finally(() => {
    isOver = true
  })
  const measured = new Map(all.map(({ name }) => [name, new Latencies()]))
  await Promise.all(
    all.map(async ({ name, ask }) => {
      while (!isOver) {
        const since = performance.now()
        await ask()
        measured.get(name)?.add(performance.now() - since)
        await Bun.sleep(pauseMs)
      }
    }),
  )
  await over
  return measured
}

/** The most MiB that the process has had by `end`. */
async function peakRss(pid: number, end: Promise<unknown>): Promise<number> {
  let isOver = false
  void end.finally(() => {
    isOver = true
  })
  let peakKib = 0
  while (!isOver) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    peakKib = Math.max(peakKib, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0))
    await Bun.sleep(sampleEveryMs)
  }
  return Math.round(peakKib / 1024)
}

await using system = await startSystem({
  services: ['accounts', 'catalog', 'loms'],
  seed: true,
  env: { LOG_LEVEL: 'warn' },
})
const pid = system.pid('accounts')
const started = await usage(pid)
const logins = await register(system)
const asking = await others(system, logins[0] ?? '')
await askUntil(asking, Bun.sleep(1_000)) // to be warm
const alone = await askUntil(asking, Bun.sleep(seconds * 1_000))

const connections = await Promise.all(
  Array.from({ length: crowd }, () => Connection.open(system.url('accounts'))),
)
const result: Crowd = { untilIn: new Latencies(), tries: new Latencies(), turnedAway: 0, seconds: 0 }
const before = await usage(pid)
const crowds = (async () => {
  // One crowd after the other, the last one to its end.
  while (result.seconds < seconds) await signInAtOnce(connections, logins, result)
})()
const [during, peakMib] = await Promise.all([askUntil(asking, crowds), peakRss(pid, crowds)])
const after = await usage(pid)
for (const connection of connections) connection.close()

const rows = asking.map(({ name }) => {
  const [quiet, busy] = [alone.get(name)?.summary(), during.get(name)?.summary()]
  if (quiet === undefined || busy === undefined) throw new Error(`${name} was not measured`)
  return {
    what: name,
    'alone p50 ms': quiet.p50,
    'alone p99 ms': quiet.p99,
    'during p50 ms': busy.p50,
    'during p99 ms': busy.p99,
    'p50 ratio': round(busy.p50 / quiet.p50, 1),
    'p99 ratio': round(busy.p99 / quiet.p99, 1),
  }
})
const [tries, untilIn] = [result.tries.summary(), result.untilIn.summary()]
await report('login', rows, {
  logins: {
    crowd,
    perSecond: round(result.tries.count / result.seconds, 1),
    answeredP50Ms: tries.p50,
    answeredP99Ms: tries.p99,
    inP50Ms: untilIn.p50,
    inP99Ms: untilIn.p99,
    turnedAwayPerLogin: round(result.turnedAway / result.tries.count),
    cpuMsPerLogin: round(((after.cpuSeconds - before.cpuSeconds) * 1000) / result.tries.count, 1),
  },
  bound: { atOnce, waiting, memoryMib: (atOnce * memoryKib) / 1024 },
  rssMib: { started: started.rssMib, before: before.rssMib, peak: peakMib, after: after.rssMib },
})
