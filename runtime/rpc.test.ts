import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { headers as headersOf } from '@nats-io/transport-node'
import { Type } from '@sinclair/typebox'
import { fail, ok } from '../contracts/errors.ts'
import type { TenantId } from '../contracts/ids.ts'
import { defineRpc } from '../contracts/rpc/define.ts'
import { Int64Schema } from '../contracts/scalars.ts'
import { startNatsServer, type TestNats } from '../tests/harness/nats.ts'
import type { Call } from './call.ts'
import { Refusal } from './refusal.ts'
import { callOf, heard, now, type Side, Stage } from './rpc/rpc.fixture.ts'
import { handle, type RpcHandler } from './rpc.ts'

const Echo = defineRpc({
  service: 'echo',
  method: 'Echo',
  request: Type.Object({ id: Int64Schema, text: Type.Optional(Type.String()) }),
  reply: Type.Object({ id: Int64Schema, text: Type.Optional(Type.String()) }),
  idempotent: false,
  timeoutMs: 2_000,
})

const stage = new Stage()
let server: TestNats
beforeAll(async () => {
  server = await startNatsServer()
})
afterEach(() => stage.clear())
afterAll(() => server.stop())

/** One service that answers `Echo`, and another that asks it. */
async function pair(run: Parameters<typeof handle<typeof Echo>>[1], more: { inFlightMax?: number } = {}) {
  const there = stage.side(server.url)
  const here = stage.side(server.url)
  stage.serve(there, 'echo', [handle(Echo, run)], more)
  await Promise.all([heard(there), heard(here)])
  return { there, here, client: stage.client(here) }
}

/** Sends what no client of ours would send. */
async function raw({ nats }: Side, body: string | Uint8Array, headers: Record<string, string> = {}) {
  const connection = await nats.whenConnected()
  const made = headersOf()
  for (const [name, value] of Object.entries(headers)) made.set(name, value)
  const reply = await connection.request(Echo.subject, body, { timeout: 1_000, headers: made })
  return reply.json<unknown>()
}

describe('a question', () => {
  test('is answered', async () => {
    const { client } = await pair(async (_, { id, text }) => ok({ id, text: `${text}!` }))
    expect(await client.ask(Echo, callOf(1_000), { id: 1, text: 'hello' })).toEqual(
      ok({ id: 1, text: 'hello!' }),
    )
  })

  test('may be refused, with details', async () => {
    const { client } = await pair(async () =>
      fail('insufficient_stock', { shortages: [{ sku: 1, wanted: 2, available: 1 }] }),
    )
    const answer = await client.ask(Echo, callOf(1_000), { id: 1 })
    expect(answer).toEqual(fail('insufficient_stock', { shortages: [{ sku: 1, wanted: 2, available: 1 }] }))
  })

  test('carries an int64 past 2^53 as text, there and back', async () => {
    const { client } = await pair(async (_, { id }) => ok({ id }))
    const answer = await client.ask(Echo, callOf(1_000), { id: '9007199254740993' })
    expect(answer).toEqual(ok({ id: '9007199254740993' }))
  })

  test('brings request id, tenant, caller and trace along, with a span of its own', async () => {
    const seen = Promise.withResolvers<Call>()
    const { client } = await pair(async (call, { id }) => {
      seen.resolve(call)
      return ok({ id })
    })
    const call = callOf(1_000, { tenantId: 'north' as TenantId })
    await client.ask(Echo, call, { id: 1 })
    const { requestId, tenantId, caller, traceparent, idempotency } = await seen.promise
    expect({ requestId, tenantId, caller }).toEqual({
      requestId: call.requestId,
      tenantId: call.tenantId,
      caller: call.caller,
    })
    expect(traceparent.slice(0, 35)).toBe(call.traceparent.slice(0, 35))
    expect(traceparent).not.toBe(call.traceparent)
    expect(idempotency).toBeUndefined()
  })

  test('has an idempotency key only where one is handed in for it', async () => {
    const seen: Call[] = []
    const { client } = await pair(async (call, { id }) => {
      seen.push(call)
      return ok({ id })
    })
    const served = callOf(1_000, { idempotency: { key: 'theirs', scope: 'POST /cart', fingerprint: '00' } })
    await client.ask(Echo, served, { id: 1 })
    await client.ask(Echo, served, { id: 1 }, { idempotencyKey: 'chk_1:place' })
    await client.ask(Echo, served, { id: 1 }, { idempotencyKey: 'chk_1:place' })
    await client.ask(Echo, served, { id: 2 }, { idempotencyKey: 'chk_1:place' })
    const [without, first, repeat, other] = seen.map(({ idempotency }) => idempotency)
    expect(without).toBeUndefined()
    expect(first).toMatchObject({ key: 'chk_1:place', scope: 'user:7 rpc.echo.v1.Echo' })
    expect(repeat).toEqual(first)
    expect(other?.fingerprint).not.toBe(first?.fingerprint)
  })

  test('with a line break in what it brings along is a bug, not another header', async () => {
    const { client } = await pair(async (_, { id }) => ok({ id }))
    const call = callOf(1_000, { requestId: 'req_1\r\nKiosk-Tenant: north' })
    await expect(client.ask(Echo, call, { id: 1 })).rejects.toThrow(RangeError)
  })

  test('is refused with body_too_large where NATS would not take it', async () => {
    const { client } = await pair(async (_, { id }) => ok({ id }))
    expect(await client.ask(Echo, callOf(1_000), { id: 1, text: 'x'.repeat(1_100_000) })).toEqual(
      fail('body_too_large'),
    )
    expect(await client.ask(Echo, callOf(1_000), { id: 2 })).toEqual(ok({ id: 2 }))
  })
})

describe('the deadline', () => {
  test('is that of the call where it is the earlier one, and less of it is left on the other side', async () => {
    const { client } = await pair(async (call) => ok({ id: call.deadlineAt - now() }))
    const answer = await client.ask(Echo, callOf(500), { id: 1 })
    expect(answer.ok && Number(answer.value.id)).toBeWithin(300, 491)
  })

  test('is that of the method where that is the earlier one', async () => {
    const { client } = await pair(async (call) => ok({ id: call.deadlineAt - now() }))
    const answer = await client.ask(Echo, callOf(60_000), { id: 1 })
    expect(answer.ok && Number(answer.value.id)).toBeWithin(1_500, 2_001)
  })

  test('that has passed sends nothing', async () => {
    let asked = 0
    const { client } = await pair(async (_, { id }) => {
      asked += 1
      return ok({ id })
    })
    expect(await client.ask(Echo, callOf(-1), { id: 1 })).toEqual(fail('deadline_exceeded'))
    expect(await client.ask(Echo, callOf(1_000), { id: 1 })).toEqual(ok({ id: 1 }))
    expect(asked).toBe(1)
  })
})

describe('the answering side', () => {
  test('ignores fields that it does not know', async () => {
    const { here } = await pair(async (_, { id }) => ok({ id }))
    expect(await raw(here, '{"id":1,"since":"v2"}')).toEqual({ ok: true, value: { id: 1 } })
  })

  test.each([
    ['half a document', '{"id":'],
    ['nothing', ''],
    ['no JSON', 'undefined'],
    ['text that no store can keep', '{"id":1,"text":"a\\u0000"}'],
    ['text that is not UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
  ])('answers %s with malformed_body', async (_, body) => {
    const { here } = await pair(async (_, { id }) => ok({ id }))
    expect(await raw(here, body)).toEqual({ ok: false, error: { code: 'malformed_body' } })
  })

  test('answers a wrong shape with invalid_argument, its paths and no value', async () => {
    const { here } = await pair(async (_, { id }) => ok({ id }))
    const answer = await raw(here, '{"id":"secret","text":5}')
    expect(answer).toMatchObject({
      ok: false,
      error: { code: 'invalid_argument', details: { errors: [{ path: '/id' }, { path: '/text' }] } },
    })
    expect(JSON.stringify(answer)).not.toContain('secret')
    expect(await raw(here, 'null')).toMatchObject({ error: { details: { errors: [{ path: '' }] } } })
  })

  test('takes whole numbers as far as they are exact', async () => {
    const { here } = await pair(async (_, { id }) => ok({ id }))
    expect(await raw(here, '{"id":9007199254740991}')).toMatchObject({ ok: true })
    for (const id of ['9007199254740993', '1e300'])
      expect(await raw(here, `{"id":${id}}`)).toMatchObject({
        error: { code: 'invalid_argument', details: { errors: [{ path: '/id' }] } },
      })
  })

  test.each([
    ['a time that is none', { 'Kiosk-Timeout-Ms': 'soon' }, 'invalid_argument'],
    ['a tenant that is none', { 'Kiosk-Tenant': 'a b' }, 'invalid_argument'],
    ['a key that is too long', { 'Kiosk-Idempotency-Key': 'x'.repeat(256) }, 'idempotency_key_invalid'],
    ['no time left', { 'Kiosk-Timeout-Ms': '0' }, 'deadline_exceeded'],
    ['less than no time left', { 'Kiosk-Timeout-Ms': '-5' }, 'deadline_exceeded'],
  ])('does not begin with %s', async (_, headers, code) => {
    const { here } = await pair(async () => expect.unreachable())
    expect(await raw(here, '{"id":1}', headers)).toMatchObject({ ok: false, error: { code } })
  })

  test('makes up what a peer of another make leaves out', async () => {
    const seen = Promise.withResolvers<Call>()
    const { here } = await pair(async (call, { id }) => {
      seen.resolve(call)
      return ok({ id })
    })
    await raw(here, '{"id":1}')
    const { tenantId, caller, requestId, deadlineAt } = await seen.promise
    expect({ tenantId: String(tenantId), caller }).toEqual({ tenantId: 'default', caller: 'service' })
    expect(requestId).toStartWith('req_')
    expect(deadlineAt - now()).toBeWithin(1_000, 2_001)
  })

  test('answers into inboxes only: elsewhere it would be said in its name', async () => {
    let asked = 0
    const { here } = await pair(async (_, { id }) => {
      asked += 1
      return ok({ id })
    })
    const connection = await here.nats.whenConnected()
    const heard: string[] = []
    const hear = { callback: (_: unknown, { subject }: { subject: string }) => void heard.push(subject) }
    connection.subscribe('order.confirmed', hear)
    connection.subscribe('_INBOX.of.somebody', hear)
    for (const reply of ['order.confirmed', '_INBOX.of.somebody'])
      connection.publish(Echo.subject, '{"id":"1"}', { reply })
    while (heard.length === 0) await Bun.sleep(5)
    expect([asked, heard]).toEqual([2, ['_INBOX.of.somebody']])
  })

  test('answers a bug with internal, and logs it with its cause', async () => {
    const bugs: RpcHandler['run'][] = [
      async () => Promise.reject(new Error('cannot', { cause: new Error('because') })),
      () => {
        throw new Error('at once')
      },
      async () => ok({ id: 1n }),
      async () => ok({ id: 1, text: 'x'.repeat(1_100_000) }),
    ]
    for (const run of bugs) {
      const { client, there } = await pair(async (call, request) => (await run(call, request)) as never)
      const call = callOf(1_000)
      expect(await client.ask(Echo, call, { id: 1 })).toEqual(fail('internal'))
      expect(there.lines.filter(({ level }) => level === 50)).toHaveLength(1)
      await stage.clear()
    }
  })

  test('logs a bug under the request that met it', async () => {
    const { client, there } = await pair(() =>
      Promise.reject(new Error('cannot', { cause: new Error('because') })),
    )
    const call = callOf(1_000)
    await client.ask(Echo, call, { id: 1 })
    const line = there.lines.find(({ level }) => level === 50)
    expect(line).toMatchObject({ requestId: call.requestId, subject: Echo.subject })
    expect(JSON.stringify(line)).toContain('because')
  })

  test('answers a part that cannot work now by its code', async () => {
    const { client } = await pair(() => Promise.reject(new Refusal('unavailable', 'the disk is full')))
    expect(await client.ask(Echo, callOf(1_000), { id: 1 })).toEqual(fail('unavailable'))
  })

  test('refuses what is more than it may hold, and takes more when some of it is done', async () => {
    const gate = Promise.withResolvers<void>()
    const { client } = await pair(
      async (_, { id }) => {
        await gate.promise
        return ok({ id })
      },
      { inFlightMax: 2 },
    )
    const asked = [1, 2, 3].map((id) => client.ask(Echo, callOf(2_000), { id }))
    expect(await Promise.race(asked)).toEqual(fail('overloaded'))
    gate.resolve()
    expect(await Promise.all(asked)).toEqual([ok({ id: 1 }), ok({ id: 2 }), fail('overloaded')])
    expect(await client.ask(Echo, callOf(1_000), { id: 4 })).toEqual(ok({ id: 4 }))
  })

  test('serves only questions to itself', () => {
    const side = stage.side(server.url)
    expect(() => stage.serve(side, 'other', [handle(Echo, async (_, { id }) => ok({ id }))])).toThrow(
      TypeError,
    )
  })
})

describe('the asking side', () => {
  const unknownCode = '{"ok":false,"error":{"code":"moon_phase_wrong","details":{"a":1}}}'
  test.each([
    ['a value of the wrong shape', '{"ok":true,"value":{"id":true}}', fail('internal')],
    ['no value', '{"ok":true}', fail('internal')],
    ['a refusal without a code', '{"ok":false}', fail('internal')],
    ['another document', '[]', fail('internal')],
    ['no document', 'no JSON', fail('internal')],
    ['a refusal', '{"ok":false,"error":{"code":"order_not_found"}}', fail('order_not_found')],
    ['the refusal of a newer peer', unknownCode, fail('unavailable', { peer_code: 'moon_phase_wrong' })],
    ['a value with a new field', '{"ok":true,"value":{"id":1,"since":"v2"}}', ok({ id: 1, since: 'v2' })],
  ] as const)('reads %s', async (_, reply, expected) => {
    const there = stage.side(server.url)
    const connection = await there.nats.whenConnected()
    connection.subscribe(Echo.subject, { callback: (_, message) => void message.respond(reply) })
    await heard(there)
    const here = stage.side(server.url)
    await here.nats.whenConnected()
    const answer: unknown = await stage.client(here).ask(Echo, callOf(1_000), { id: 1 })
    expect(answer).toEqual(expected)
    const complaints = here.lines.filter(({ level }) => Number(level) >= 40)
    expect(complaints).toHaveLength(expected.ok || expected.error.code === 'order_not_found' ? 0 : 1)
  })

  test('measures what it asked and what it was answered', async () => {
    const { client, here, there } = await pair(async (_, { id }) =>
      id === 1 ? ok({ id }) : fail('order_not_found'),
    )
    await client.ask(Echo, callOf(1_000), { id: 1 })
    await client.ask(Echo, callOf(1_000), { id: 2 })
    const asked = await here.registry.metrics()
    expect(asked).toContain('rpc_client_seconds_count{peer="echo",method="Echo",outcome="ok"} 1')
    expect(asked).toContain('rpc_client_seconds_count{peer="echo",method="Echo",outcome="order_not_found"} 1')
    expect(asked).toContain('rpc_client_breaker_state{peer="echo"} 0')
    const answered = await there.registry.metrics()
    expect(answered).toContain('rpc_server_seconds_count{method="Echo",outcome="ok"} 1')
    expect(answered).toContain('rpc_server_seconds_count{method="Echo",outcome="order_not_found"} 1')
  })
})
