//! What the gateway adds to a request: the same upstream asked directly and through the door, in one run.
import { Elysia } from 'elysia'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import {
  accessTokenType,
  keysPath,
  tokenAlgorithm,
  tokenAudience,
  tokenIssuer,
} from '../../contracts/tokens.ts'
import { freePort } from '../../tests/harness/ports.ts'
import { startSystem } from '../../tests/harness/system.ts'
import { Connection } from '../lib/connection.ts'
import { drive, flag, report, round, usage } from '../lib/measure.ts'

const seconds = flag('seconds', 3)
const product = {
  id: 'prod_123',
  sku: '2001',
  name: 'Чай чорний, 100 г',
  description: 'x'.repeat(300),
  category: 'tea',
  price: '150.00',
  currency: 'UAH',
  weight_grams: 120,
}

const browser = `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json\r\nAccept-Language: uk-UA,uk;q=0.9\r\nAccept-Encoding: gzip\r\n`

if (process.argv.includes('--upstream')) {
  // In a process of its own, like the services that it stands for.
  const keys = JSON.parse(process.env.BENCH_KEYS ?? '{}')
  new Elysia()
    .get(keysPath, () => keys)
    .get('/api/v1/products/prod_123', () => product)
    .get('/api/v1/orders', () => product)
    .post('/api/v1/orders', ({ body }) => ({ ...product, body }))
    .listen({ port: flag('upstream', 0), hostname: '127.0.0.1', reusePort: false })
} else {
  await measure()
}

async function tokenAndKeys() {
  const { privateKey, publicKey } = await generateKeyPair(tokenAlgorithm)
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: tokenAlgorithm, use: 'sig' }] }
  const token = await new SignJWT({ role: 'customer', tenant_id: 'default', sid: 'ses_1' })
    .setProtectedHeader({ alg: tokenAlgorithm, typ: accessTokenType, kid: 'one' })
    .setIssuer(tokenIssuer)
    .setAudience(tokenAudience)
    .setSubject('7')
    .setJti('one')
    .setIssuedAt()
    .setExpirationTime('15m')
    .sign(privateKey)
  return { token, keys }
}

async function load(
  url: string,
  connections: number,
  send: (socket: Connection) => Promise<{ status: number }>,
) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)))
  const ask = async (caller: number) => {
    const { status } = await send(sockets[caller] as Connection)
    if (status !== 200) throw new Error(`${url} answered ${status}`)
  }
  await drive(connections, 0.3, ask)
  const measured = await drive(connections, seconds, ask)
  for (const socket of sockets) socket.close()
  return measured
}

async function measure(): Promise<void> {
  const { token, keys } = await tokenAndKeys()
  const port = freePort()
  const upstream = Bun.spawn([process.execPath, import.meta.path, '--upstream', String(port)], {
    env: { ...process.env, BENCH_KEYS: JSON.stringify(keys) },
    stdout: 'inherit',
    stderr: 'inherit',
  })
  const direct = `http://127.0.0.1:${port}`
  await using system = await startSystem({
    services: ['gateway'],
    env: {
      LOG_LEVEL: 'warn',
      GATEWAY_UPSTREAM_ACCOUNTS: direct,
      GATEWAY_UPSTREAM_CATALOG: direct,
      GATEWAY_UPSTREAM_LOMS: direct,
      // As usual, but high enough for one address that asks all the time.
      GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '10000000',
      GATEWAY_ACCOUNT_REQUESTS_PER_MINUTE: '10000000',
    },
  })
  const door = system.url('gateway')
  const head = `${browser}Authorization: Bearer ${token}\r\n`
  const get = (path: string, headers: string) => (socket: Connection) =>
    socket.send(`GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${headers}\r\n`)
  const post = (socket: Connection) =>
    socket.post('/api/v1/orders', { items: [{ product_id: 'prod_123', quantity: 2 }] }, head)
  const product = get('/api/v1/products/prod_123', browser)
  const questions = [
    { name: 'GET, open', send: product, connections: 1 },
    { name: 'GET, open', send: product, connections: 8 },
    { name: 'GET, open', send: product, connections: 64 },
    { name: 'GET, bearer', send: get('/api/v1/orders', head), connections: 8 },
    { name: 'POST, bearer', send: post, connections: 8 },
  ]
  const rows: object[] = []
  for (const { name, send, connections } of questions) {
    const floor = await load(direct, connections, send)
    const before = await usage(system.pid('gateway'))
    const ownBefore = process.cpuUsage()
    const through = await load(door, connections, send)
    const own = process.cpuUsage(ownBefore)
    const after = await usage(system.pid('gateway'))
    const [floorTimes, times] = [floor.latencies.summary(), through.latencies.summary()]
    // The warm-up counts on both sides of the fraction, as nearly as its share of the time does.
    const asked = through.latencies.count * ((seconds + 0.3) / seconds)
    rows.push({
      what: name,
      connections,
      'direct/s': floor.perSecond,
      'through/s': through.perSecond,
      'direct p50 ms': floorTimes.p50,
      'through p50 ms': times.p50,
      'added p50 ms': round(times.p50 - floorTimes.p50),
      'through p99 ms': times.p99,
      'CPU µs a request': Math.round(((after.cpuSeconds - before.cpuSeconds) * 1e6) / asked),
      // What else runs on the machine makes both dearer alike.
      'of the load’s own': round(((after.cpuSeconds - before.cpuSeconds) * 1e6) / (own.user + own.system)),
      'RSS MiB': after.rssMib,
    })
  }
  upstream.kill()
  await report('gateway', rows, { seconds })
}
