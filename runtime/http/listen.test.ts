import { describe, expect, test } from 'bun:test'
import { networkInterfaces } from 'node:os'
import { Type } from '@sinclair/typebox'
import { ok } from '../../contracts/errors.ts'
import type { Listening } from '../http.ts'
import { testHttp } from './testing.ts'

const local = { host: '127.0.0.1', port: 0 }

/** A server with a route that answers when it is let go. */
function standing() {
  const app = testHttp()
  const gate = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  app.http.post('/wait', {
    summary: 'Wait',
    guard: 'open',
    reply: Type.Object({ caller: Type.String() }),
    run: async ({ caller }) => {
      started.resolve()
      await gate.promise
      return ok({ caller })
    },
  })
  const server = app.http.listen(local)
  return { ...app, server, started: started.promise, letGo: gate.resolve, wait: () => post(server) }
}

const post = (server: Listening) => fetch(`${server.url}/wait`, { method: 'POST' })

test('it stands on the address that it names, and knows who calls', async () => {
  const { server, letGo, wait } = standing()
  letGo()
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
  const response = await wait()
  expect([response.status, await response.json()]).toEqual([200, { caller: 'address:127.0.0.1' }])
  await server.close(1000)
})

test('a host of one letter is a host', async () => {
  const { server } = standing()
  const response = await fetch(`${server.url}/health/live`, { headers: { host: 'k' } })
  expect(response.status).toBe(200)
  await server.close(0)
})

test('a port that is taken is an error that names it, and is never shared', async () => {
  const { server } = standing()
  expect(() => testHttp().http.listen({ host: '127.0.0.1', port: server.port })).toThrow(
    `cannot listen on 127.0.0.1:${server.port}: the port is taken`,
  )
  await server.close(0)
})

test('it stands on IPv6 as well', async () => {
  const { http } = testHttp()
  const server = http.listen({ host: '::1', port: 0 })
  expect(server.url).toBe(`http://[::1]:${server.port}`)
  expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
  await server.close(0)
})

describe('told to stop', () => {
  test('it finishes what runs and takes no more', async () => {
    const { server, started, letGo, wait } = standing()
    const running = wait()
    await started
    const closing = server.close(5000)
    letGo()
    const response = await running
    expect(response.status).toBe(200)
    await closing
    expect(await refused(wait)).toBe(true)
  })

  test('it says at once that it is not ready, and asks callers to come back by another connection', async () => {
    const { server, started, letGo, wait } = standing()
    const running = wait()
    await started
    const closing = server.close(5000)
    const ready = await fetch(`${server.url}/health/ready`)
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'not ready', degraded: [] }])
    letGo()
    expect((await running).headers.get('connection')).toBe('close')
    await closing
  })

  test('it waits no longer than it was told', async () => {
    const { server, started, letGo, wait } = standing()
    const running = wait().then(
      () => 'answered',
      () => 'cut',
    )
    await started
    const startedAtMs = performance.now()
    await server.close(300)
    expect(performance.now() - startedAtMs).toBeWithin(250, 2000)
    expect(await running).toBe('cut')
    letGo()
  })

  test('with nothing to finish it is gone at once', async () => {
    const { server } = standing()
    const startedAtMs = performance.now()
    await server.close(5000)
    expect(performance.now() - startedAtMs).toBeLessThan(1000)
  })

  test('its port is free again', async () => {
    const { server } = standing()
    await server.close(0)
    const next = testHttp().http.listen({ host: '127.0.0.1', port: server.port })
    expect(next.port).toBe(server.port)
    await next.close(0)
  })
})

test('under load nobody whom it took on is failed when it stops', async () => {
  const { server, letGo, wait } = standing()
  letGo()
  const outcomes = { answered: 0, turnedAway: 0, failed: 0 }
  const closing: Promise<void>[] = []
  const client = async () => {
    for (;;) {
      try {
        const response = await wait()
        outcomes[response.status === 200 ? 'answered' : 'failed'] += 1
        await response.arrayBuffer()
        if (closing.length === 0 && outcomes.answered > 200) closing.push(server.close(5000))
      } catch (error) {
        // A connection that was never made is one that the caller may try elsewhere; one that was cut is not.
        outcomes[isRefused(error) ? 'turnedAway' : 'failed'] += 1
        if (isRefused(error)) return
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, client))
  await Promise.all(closing)
  expect(outcomes).toMatchObject({ turnedAway: 16, failed: 0 })
})

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}

async function refused(ask: () => Promise<Response>): Promise<boolean> {
  try {
    await ask()
    return false
  } catch (error) {
    return isRefused(error)
  }
}

describe('metrics', () => {
  test('are open on loopback, and to others as a guarded route is', async () => {
    const { http } = testHttp()
    const server = http.listen({ host: '0.0.0.0', port: 0 })
    const elsewhere = ownAddress()
    expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(200)
    if (elsewhere !== undefined) {
      const from = `http://${elsewhere}:${server.port}/metrics`
      const refusal = await fetch(from)
      expect([refusal.status, await refusal.json()]).toMatchObject([401, { code: 'unauthenticated' }])
      expect((await fetch(from, { headers: { authorization: 'Bearer the-service-token' } })).status).toBe(200)
    }
    await server.close(0)
  })
})

/** An address of this machine that is not loopback, where it has one. */
function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}
