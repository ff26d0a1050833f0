//! The demo as people run it: what it tells, that it checks what it tells, and that it leaves nothing behind.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startSystem, type TestSystem } from '../../tests/harness/system.ts'
import { settingName } from '../dev/services.ts'
import { priceOf } from './teller.ts'

setDefaultTimeout(60_000)
const services = ['catalog', 'loms', 'cart', 'notifier', 'accounts', 'billing', 'delivery', 'gateway']
const root = resolve(import.meta.dir, '../..')
let folder: string
let system: TestSystem

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-demo-'))
  system = await startSystem({ services, seed: true })
})
afterAll(async () => {
  await system.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Starts the demo with its temporary files in a folder of the test's. */
function start(args: readonly string[] = [], env: Record<string, string> = {}) {
  const { FORCE_COLOR: _, ...inherited } = process.env
  return Bun.spawn([process.execPath, join('tools', 'demo.ts'), ...args], {
    cwd: root,
    env: { ...inherited, TMPDIR: folder, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

async function run(args: readonly string[] = [], env: Record<string, string> = {}) {
  const child = start(args, env)
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { out, err, code }
}

/** The settings by which the demo finds the system of this test. */
function running(): Record<string, string> {
  const ports = services.map((name) => [settingName(name, 'HTTP_PORT'), new URL(system.url(name)).port])
  return { ...Object.fromEntries(ports), NATS_URL: system.natsUrl }
}

/** Fails with the whole transcript where one of the lines is missing, or not after the one before it. */
function expectInOrder(transcript: string, lines: readonly (string | RegExp)[]): void {
  let rest = transcript
  for (const line of lines) {
    const at = typeof line === 'string' ? rest.indexOf(line) : rest.search(line)
    if (at === -1) throw new Error(`"${line}" is missing, or too early, in\n${transcript}`)
    rest = rest.slice(at + 1)
  }
}

test('it tells its four stories in a shop of its own, and leaves nothing behind', async () => {
  const { out, err, code } = await run()
  expect({ err, code }).toEqual({ err: '', code: 0 })
  expectInOrder(out, [
    '1. A purchase',
    '→ catalog POST /get_product {"token":"testtoken","sku":2001}',
    '✓ Кава в зернах «Львівський ранок», 1 кг: 699.00 ₴',
    '→ cart POST /cart/item/add {"user":101,"sku":2001,"count":2}',
    '✓ the cart comes to 1 543.00 ₴',
    '→ cart POST /cart/checkout {"user":101}',
    '! order.created order 1: pending',
    /! stock\.reserved order 1: 2 × 2001 in (Kyiv|Lviv|Odesa)/,
    '→ loms POST /order/pay {"orderID":1}',
    '! order.confirmed order 1: pending → confirmed',
    '✓ coffee 2800000 → 2799998, tea 420 → 419',
    '✓ each change once, the newest first: payed, awaiting payment',
    '2. Two want the last piece',
    ': 1 left',
    '← cart 412 {"code":"insufficient_stock"',
    '! order.rejected order 3: 1 × 2010 wanted, 0 there',
    '✓ her order 3 is kept as failed',
    '3. Nobody pays',
    '! order.cancelled order 2: pending → cancelled, reason: expired',
    /✓ called off \d+ ms after its deadline/,
    '! stock.released order 2: 1 × 2010 in Lviv',
    '✓ order 4 is hers, if she pays in time',
    '4. From the wallet',
    '→ gateway POST /api/v1/register',
    '✓ nothing is in it',
    '✓ now there is 2 000.00 ₴',
    '✓ order 5 is confirmed, for 1 398.00 ₴',
    '! order.confirmed order 5: pending → confirmed',
    '✓ 602.00 ₴ are left',
    '← gateway 402',
    '← gateway 409',
    '✓ her money is untouched',
    '✓ each change once, the newest first',
    '✓ it waits to be picked up',
    'What to look at next',
    /All \d\d checks came out as told, in \d+\.\d s\./,
  ])
  expect(out).not.toContain('✗')
  expect(out).not.toContain('\x1b')
  expect(await readdir(folder)).toEqual([])
})

test('it tells them in the shop that runs already, and waits for nobody’s ten minutes', async () => {
  const { out, err, code } = await run(['--running'], running())
  expect({ err, code }).toEqual({ err: '', code: 0 })
  expectInOrder(out, [
    'It is told in the shop that runs here',
    'he calls it off himself',
    'reason: customer',
    'All ',
  ])
})

test('what does not come out as told is an error', async () => {
  // Somebody else answers in the place of the catalogue.
  const wrong = { ...running(), CATALOG_HTTP_PORT: new URL(system.url('loms')).port }
  const broken = await run(['--running'], wrong)
  expectInOrder(broken.out, ['catalog answered 404 where 200 was told', 'did not come out as told'])
  expect(broken.code).toBe(1)

  const nobody = await run(['--running'], { ...running(), CART_HTTP_PORT: '1' })
  expect(nobody.err).toContain('cart does not answer at http://127.0.0.1:1; start the shop with bun run dev')
  expect(nobody.code).toBe(1)
})

test('Ctrl-C ends it and its shop', async () => {
  const child = start()
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  for (let said = ''; !said.includes('1.1'); ) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`it ended early: ${said}`)
    said += decoder.decode(value, { stream: true })
  }
  child.kill('SIGINT')
  expect(await child.exited).toBe(130)
  expect(await readdir(folder)).toEqual([])
})

test('prices are read as people write them', () => {
  expect([0, 5, 100, 123_450, 100_000_000, 123_456_789_012].map(priceOf)).toEqual([
    '0.00 ₴',
    '0.05 ₴',
    '1.00 ₴',
    '1 234.50 ₴',
    '1 000 000.00 ₴',
    '1 234 567 890.12 ₴',
  ])
})
