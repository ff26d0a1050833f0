//! What `/order/create` and `/stock/info` of loms reach over HTTP, against an empty Elysia route in the same run.
import { Elysia } from 'elysia'
import { freePort } from '../../tests/harness/ports.ts'
import { startSystem } from '../../tests/harness/system.ts'
import { demoProducts } from '../../tools/seed/shop.ts'
import { Connection } from '../lib/connection.ts'
import { drive, flag, report, round, usage } from '../lib/measure.ts'

const seconds = flag('seconds', 8)
const connections = flag('connections', 64)
const skus = demoProducts
  .filter(({ stock }) => stock.reduce((sum, { onHand }) => sum + onHand, 0) >= 1_000_000)
  .map(({ sku }) => sku)

if (process.argv.includes('--empty-route')) {
  // In a process of its own, like the service that it is compared with.
  const port = flag('empty-route', 0)
  new Elysia().post('/', () => ({})).listen({ port, hostname: '127.0.0.1', reusePort: false })
} else {
  await measure()
}

async function load(url: string, request: (count: number) => { path: string; body: object }) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)))
  let count = 0
  const { perSecond, latencies } = await drive(connections, seconds, async (caller) => {
    count += 1
    const { path, body } = request(count)
    const reply = await (sockets[caller] as Connection).post(path, body)
    if (reply.status !== 200) throw new Error(`${path} was answered ${reply.status}: ${reply.body}`)
  })
  for (const socket of sockets) socket.close()
  return { perSecond, latencies }
}

async function measure(): Promise<void> {
  const port = freePort()
  const empty = Bun.spawn([process.execPath, import.meta.path, '--empty-route', String(port)], {
    stdout: 'inherit',
    stderr: 'inherit',
  })
  await using system = await startSystem({ services: ['loms'], seed: true, env: { LOG_LEVEL: 'warn' } })
  const three = (count: number) =>
    [0, 1, 2].map((line) => ({ sku: skus[(count + line * 3) % skus.length], count: 1 }))
  const questions = [
    {
      name: 'empty Elysia route',
      url: `http://127.0.0.1:${port}`,
      pid: empty.pid,
      request: () => ({ path: '/', body: {} }),
    },
    {
      name: 'loms /stock/info',
      url: system.url('loms'),
      pid: system.pid('loms'),
      request: (count: number) => ({ path: '/stock/info', body: { sku: skus[count % skus.length] } }),
    },
    {
      name: 'loms /order/create, 3 items',
      url: system.url('loms'),
      pid: system.pid('loms'),
      request: (count: number) => ({ path: '/order/create', body: { user: count, items: three(count) } }),
    },
  ]
  const rows: object[] = []
  let floor = 0
  for (const { name, url, pid, request } of questions) {
    const before = await usage(pid)
    const { perSecond, latencies } = await load(url, request)
    const after = await usage(pid)
    floor ||= perSecond
    rows.push({
      what: name,
      'requests/s': perSecond,
      'of the empty route': round(perSecond / floor),
      'p50 ms': latencies.summary().p50,
      'p99 ms': latencies.summary().p99,
      'CPU µs a request': Math.round(((after.cpuSeconds - before.cpuSeconds) * 1e6) / latencies.count),
      'RSS MiB': after.rssMib,
    })
  }
  empty.kill()
  await report('http', rows, { connections, seconds })
}
