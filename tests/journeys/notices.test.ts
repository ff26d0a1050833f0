//! What a customer is told while it happens, through the one public door: across a crash of the notifier, once and in order.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Ear } from '../harness/ear.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { eventually } from './shop.ts'

let system: TestSystem
let issuer: TokenIssuer
let authorization: string
const path = '/api/v1/notifications/stream'

beforeAll(async () => {
  issuer = await startTokenIssuer()
  const env = { ...issuer.env, BILLING_FREE_TOP_UP: 'true' }
  system = await startSystem({ services: ['billing', 'gateway', 'notifier'], env })
  authorization = await issuer.bearer({ user: 7 })
}, 60_000)
afterAll(async () => {
  await system.stop()
  await issuer[Symbol.asyncDispose]()
})

const listen = async (lastEventId?: string): Promise<Ear> => {
  const headers = { authorization, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) }
  const response = await fetch(`${system.url('gateway')}${path}`, { headers })
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  return new Ear(response)
}

/** So much is put into the wallet, each time a kopeck more. */
async function topUp(from: number, to: number): Promise<void> {
  for (let kopecks = from; kopecks <= to; kopecks += 1) {
    const response = await fetch(`${system.url('gateway')}/api/v1/account`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ amount: (kopecks / 100).toFixed(2) }),
    })
    expect(response.status).toBe(200)
    await response.body?.cancel()
  }
}

async function amounts(ear: Ear, count: number): Promise<unknown[]> {
  const heard: unknown[] = []
  while (heard.length < count) {
    const next = await ear.next()
    if (next === undefined) throw new Error(`it ended after ${heard.length} of ${count}`)
    if (next.data !== undefined) heard.push(next.data.amount)
  }
  return heard
}
const decimals = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ((from + index) / 100).toFixed(2))

test('each notice comes by itself, and after kill -9 whoever comes back has missed nothing and hears nothing twice', async () => {
  const ear = await listen()
  await ear.next()
  await topUp(1, 5)
  expect(await amounts(ear, 3)).toEqual(decimals(1, 3))
  const { lastEventId } = ear
  await system.kill('notifier')
  // What had come meanwhile may still be read; then it is over, in whatever way a cut connection tells it.
  await ear.rest().catch(() => undefined)
  await topUp(6, 10)
  await system.start('notifier')
  const again = await eventually('the notifier to be listened to again', () =>
    listen(lastEventId).catch(() => undefined),
  )
  expect(await amounts(again, 7)).toEqual(decimals(4, 10))
  await again.leave()
}, 60_000)

test('told to stop, the notifier ends what it streams and is gone at once', async () => {
  const ear = await listen()
  await ear.next()
  const startedAt = performance.now()
  await system.kill('notifier', 'SIGTERM')
  expect(performance.now() - startedAt).toBeLessThan(4_000)
  expect((await ear.rest()).filter(({ data }) => data !== undefined)).toEqual([])
  expect(system.logs('notifier').some((line) => line.includes('not all parts stopped'))).toBe(false)
  await system.start('notifier')
}, 60_000)
