//! The harness itself, with a shop of stand-ins: what journeys and faults rely on.
import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { isRunning, stillRunning } from './gone.ts'
import { makeScratchShop, type ScratchShop, standIn } from './scratch.ts'
import { startSystem } from './system.ts'

let shop: ScratchShop
beforeAll(async () => {
  shop = await makeScratchShop()
})
afterAll(() => shop.remove())

type Seen = { readonly name: string; readonly pid: number; readonly env: Record<string, string> }
const ask = async (url: string) => (await (await fetch(url)).json()) as Seen // the stand-in's own words

test('every service runs on ports, NATS and data of this system only, and nothing is left of it', async () => {
  const system = await startSystem({ root: shop.root, seed: true, env: { CART_LIMIT: '7' } })
  for (const name of ['catalog', 'loms', 'cart', 'notifier']) {
    const seen = await ask(system.url(name))
    expect(seen).toMatchObject({ name, pid: system.pid(name) })
    expect(seen.env).toMatchObject({
      DATA_DIR: system.dataDir,
      NATS_URL: system.natsUrl,
      LOG_LEVEL: 'info',
      CART_LIMIT: '7',
    })
    expect(seen.env.NODE_ENV).toBeUndefined() // `bun test` sets it; a service under test runs as in development
    expect(system.logs(name).join()).toContain('listening')
  }
  expect(system.logs('seed')).toEqual(['seeded'])
  expect(system.grpc('loms')).toMatch(/^127\.0\.0\.1:\d+$/)
  expect(() => system.grpc('notifier')).toThrow('no gRPC')
  expect(() => system.url('billing')).toThrow('billing')

  const pids = ['nats', 'catalog', 'loms', 'cart', 'notifier'].map((name) => system.pid(name))
  await system.stop()
  expect(await stillRunning(pids)).toEqual([])
  expect(existsSync(system.dataDir)).toBe(false)
  expect(existsSync(system.nats.storeDir)).toBe(false)
})

test('one service, or NATS, can be killed, started and restarted; the others do not notice', async () => {
  await using system = await startSystem({ root: shop.root, services: ['loms', 'cart'] })
  const cart = system.pid('cart')
  const [url, before] = [system.url('loms'), system.pid('loms')]

  await system.kill('loms')
  expect(isRunning(before)).toBe(false)
  await system.start('loms', { LOMS_MOOD: 'new' })
  expect(await ask(url)).toMatchObject({ pid: system.pid('loms'), env: { LOMS_MOOD: 'new' } })

  await system.restart('loms')
  expect(system.logs('loms').filter((line) => line.includes('stopped')).length).toBe(1)
  expect(system.logs('loms').filter((line) => line.includes('listening')).length).toBe(3)

  const nats = system.pid('nats')
  await system.kill('nats')
  await system.start('nats')
  expect(system.pid('nats')).not.toBe(nats)
  expect(system.pid('cart')).toBe(cart)
  expect(isRunning(cart)).toBe(true)

  await system.kill('cart', 'SIGSTOP')
  expect(isRunning(cart)).toBe(true)
})

test('a system that does not start shows what all have said, and is cleared away', async () => {
  await shop.write('cart/main.ts', 'console.log("no wheels", process.env.DATA_DIR); process.exit(1)\n')
  using shown = spyOn(console, 'error').mockImplementation(() => {})
  await expect(startSystem({ root: shop.root })).rejects.toThrow(
    'cart ended (exit code 1) before it was ready',
  )
  await shop.write('cart/main.ts', standIn)
  const words = shown.mock.calls.flat().join('\n')
  expect(words).toMatch(/--- cart\nno wheels/)
  expect(words).toContain('--- nats')
  const folder = /no wheels (\S+)/.exec(words)?.[1] ?? ''
  expect(folder).toContain('kiosk-system-')
  expect(existsSync(folder)).toBe(false)
})
