//! `bun run dlq` against running readers: what it prints, and what it does.
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { dirname, join } from 'node:path'
import { serveDeadLetters } from '../runtime/messages/admin.ts'
import { MemoryStream } from '../runtime/messages/memory-stream.fixture.ts'
import {
  deadLetters,
  opened,
  put,
  cleanUp as readersCleanUp,
  reading,
} from '../runtime/messages/reader.fixture.ts'
import { counting, eventually, numbersOf, registry, silent } from '../runtime/messages/suite.fixture.ts'
import { connectNats, type Nats } from '../runtime/nats.ts'
import { startNatsServer, type TestNats } from '../tests/harness/nats.ts'

let server: TestNats
let nats: Nats
const cleanups: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  server = await startNatsServer()
  nats = connectNats({
    url: server.url,
    name: 'test',
    log: silent,
    registry: registry(),
    onClosed: () => undefined,
  })
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
  await readersCleanUp()
})
afterAll(async () => {
  await nats.close()
  await server.stop()
})

async function dlq(args: readonly string[], env: Record<string, string> = { NATS_URL: server.url }) {
  const child = Bun.spawn([process.execPath, '--no-env-file', join(import.meta.dir, 'dlq.ts'), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, problems, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { out, problems, code }
}

/** A service that could not count the number 1, and now can. */
async function service(name: string) {
  let broken = true
  const handler = counting((_, number) => {
    if (number === 1 && broken) throw new Error('cannot count\nat all')
  })
  const store = await opened()
  const stream = new MemoryStream()
  await reading({ store, stream, handlers: [handler] })
  await put(stream, [0, 1, 2])
  await eventually(async () => (await deadLetters(store)).length === 2)
  broken = false
  const admin = serveDeadLetters({ service: name, nats, store, readers: { TEST: [handler] }, log: silent })
  cleanups.push(() => admin.stop())
  await (await nats.whenConnected()).flush()
  const [failed, parked] = await deadLetters(store)
  return { store, failed: failed?.eventId ?? '', parked: parked?.eventId ?? '' }
}

test('lists those of one service or of all, with why', async () => {
  const { failed, parked } = await service('counter')
  await service('clock')
  const all = await dlq(['list'])
  expect(all.code).toBe(0)
  const lines = all.out.trimEnd().split('\n')
  expect(lines.map((line) => line.split(/\s+/).slice(0, 4).join(' '))).toEqual([
    'SERVICE STATE TYPE KEY',
    'clock failed counter.counted a',
    'clock parked counter.counted a',
    'counter failed counter.counted a',
    'counter parked counter.counted a',
  ])
  expect(lines[3]).toContain(failed)
  expect(lines[3]).toEndWith('Error: cannot count')
  expect(lines[4]).toContain(parked)
  const one = await dlq(['list', 'counter', '--json'])
  expect(JSON.parse(one.out)).toMatchObject([
    { service: 'counter', ok: true, letters: [{ id: failed }, { id: parked }] },
  ])
})

test('shows one, handles it and what waits behind it, and then there are none', async () => {
  const { store, failed, parked } = await service('counter')
  const shown = await dlq(['show', 'counter', failed])
  expect(shown.out).toContain('cannot count\nat all')
  expect(shown.out).toContain('ce-type: counter.counted')
  expect(shown.out).toContain('{"number":1}')
  const early = await dlq(['replay', 'counter', parked])
  expect(early).toMatchObject({
    code: 1,
    problems: `counter: it waits behind ${failed}, which comes first\n`,
  })
  expect(await dlq(['replay', 'counter', failed])).toMatchObject({
    code: 0,
    out: '2 handled; nothing of its key waits any more\n',
  })
  expect(await numbersOf(store)).toEqual([0, 1, 2])
  expect((await dlq(['list', 'counter'])).out).toBe('no dead letters (counter)\n')
})

test('gives one up', async () => {
  const { store, failed } = await service('counter')
  expect((await dlq(['skip', 'counter', failed])).out).toBe('1 handled; nothing of its key waits any more\n')
  expect(await numbersOf(store)).toEqual([0, 2])
})

test('finds the running shop by its data folder', async () => {
  await service('counter')
  const found = await dlq(['list', '--data', dirname(server.storeDir)], { NATS_URL: 'nats://127.0.0.1:1' })
  expect(found.out).toContain('counter')
  const none = await dlq(['list', '--data', join(import.meta.dir, 'dev')])
  expect(none).toMatchObject({ code: 1, out: '' })
  expect(none.problems).toContain('is not the data folder of a shop')
})

test('says who does not run, and what it can do', async () => {
  expect(await dlq(['list'])).toMatchObject({ code: 1, problems: 'no service runs here that reads facts\n' })
  expect(await dlq(['list', 'counter'])).toMatchObject({
    code: 1,
    problems: 'counter does not run here, or reads no facts\n',
  })
  expect((await dlq(['list'], { NATS_URL: 'nats://127.0.0.1:1' })).problems).toContain('is the shop running?')
  for (const args of [[], ['burn'], ['show'], ['replay', 'counter'], ['--nonsense']])
    expect(await dlq(args)).toMatchObject({ code: 1, problems: expect.stringContaining('bun run dlq list') })
})
