import { afterEach, describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { fail, ok, type Result } from '../../contracts/errors.ts'
import { defineRpc, type RpcMethod } from '../../contracts/rpc/define.ts'
import { startNatsServer, type TestNats } from '../../tests/harness/nats.ts'
import type { Call } from '../call.ts'
import { startNatsWith } from './nats.fixture.ts'
import { callOf, heard, now, type Side, Stage, waitUntil } from './rpc.fixture.ts'
import { handle } from './server.ts'

const shape = {
  service: 'till',
  request: Type.Object({ n: Type.Integer() }),
  reply: Type.Object({ n: Type.Integer() }),
  timeoutMs: 3_000,
} as const
const Charge = defineRpc({ ...shape, method: 'Charge', idempotent: false })
const Look = defineRpc({ ...shape, method: 'Look', idempotent: true })
type Reply = Result<{ n: number }>

const stage = new Stage()
afterEach(() => stage.clear())

async function started(): Promise<TestNats> {
  const server = await startNatsServer()
  stage.onClear(() => server.stop())
  return server
}

const echo = async (_: Call, { n }: { n: number }): Promise<Reply> => ok({ n })
const back = ({ nats }: Side) => new Promise<void>((resolve) => nats.onReconnect(() => resolve()))
const away = ({ nats }: Side) => new Promise<void>((resolve) => nats.onDisconnect(resolve))

/** A service that never answers, and counts what it was asked. */
async function mute({ nats }: Side, method: RpcMethod): Promise<{ asked: () => number }> {
  let asked = 0
  const connection = await nats.whenConnected()
  connection.subscribe(method.subject, {
    queue: method.service,
    callback: () => {
      asked += 1
    },
  })
  await connection.flush()
  return { asked: () => asked }
}

async function took(asking: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await asking
  return performance.now() - startedAt
}

describe('nobody there', () => {
  test.each([
    ['what may be carried out once', Charge],
    ['what may be carried out twice', Look],
  ] as const)('%s is asked again until somebody is', async (_, method) => {
    const { url } = await started()
    const here = stage.side(url)
    await heard(here)
    const asking = stage.client(here).ask(method, callOf(2_000), { n: 5 })
    const there = stage.side(url)
    await heard(there)
    stage.serve(there, 'till', [handle(method, echo)])
    expect(await asking).toEqual(ok({ n: 5 }))
  })

  test('is unavailable, by the deadline and not before', async () => {
    const { url } = await started()
    const here = stage.side(url)
    await heard(here)
    const asking = stage.client(here).ask(Charge, callOf(300), { n: 5 })
    expect(await took(asking)).toBeWithin(250, 450)
    expect(await asking).toEqual(fail('unavailable'))
  })
})

describe('no answer', () => {
  test('a question that may have been carried out is asked once, and nobody knows', async () => {
    const { url } = await started()
    const here = stage.side(url)
    const { asked } = await mute(stage.side(url), Charge)
    await heard(here)
    const asking = stage.client(here).ask(Charge, callOf(300), { n: 5 })
    expect(await took(asking)).toBeWithin(250, 450)
    expect(await asking).toEqual(fail('deadline_exceeded'))
    expect(asked()).toBe(1)
  })

  test('one that may be asked twice is asked three times within the deadline', async () => {
    const { url } = await started()
    const here = stage.side(url)
    const { asked } = await mute(stage.side(url), Look)
    await heard(here)
    const asking = stage.client(here).ask(Look, callOf(400), { n: 5 })
    expect(await took(asking)).toBeWithin(350, 550)
    expect(await asking).toEqual(fail('deadline_exceeded'))
    expect(asked()).toBe(3)
  })

  test('to the first try leaves time for the second, which is told how much', async () => {
    const { url } = await started()
    const [here, there] = [stage.side(url), stage.side(url)]
    const leftMs: number[] = []
    const first = Promise.withResolvers<Reply>()
    const answer = async (call: Call, { n }: { n: number }) => {
      leftMs.push(call.deadlineAt - now())
      return leftMs.length === 1 ? await first.promise : ok({ n })
    }
    stage.serve(there, 'till', [handle(Look, answer)])
    // Before the server is closed, which waits for what it is answering.
    stage.onClear(async () => first.resolve(ok({ n: 0 })))
    await Promise.all([heard(here), heard(there)])
    expect(await stage.client(here).ask(Look, callOf(1_010), { n: 5 })).toEqual(ok({ n: 5 }))
    expect(leftMs).toHaveLength(2)
    expect(leftMs[0]).toBeWithin(400, 501)
    expect(leftMs[1]).toBeWithin(50, 251)
  })
})

describe('NATS away', () => {
  test('is unavailable within the deadline; afterwards the same client asks and the same server answers', async () => {
    const server = await started()
    const [here, there] = [stage.side(server.url), stage.side(server.url)]
    const seen: number[] = []
    stage.serve(there, 'till', [
      handle(Charge, async (_, { n }) => {
        seen.push(n)
        return ok({ n })
      }),
    ])
    await Promise.all([heard(here), heard(there)])
    const client = stage.client(here)
    const gone = away(here)
    await server.kill9()
    await gone

    const asking = client.ask(Charge, callOf(300), { n: 1 })
    expect(await took(asking)).toBeWithin(250, 450)
    expect(await asking).toEqual(fail('unavailable'))

    const returned = Promise.all([back(here), back(there)])
    await server.restart()
    await returned
    await heard(there)
    expect(await client.ask(Charge, callOf(2_000), { n: 2 })).toEqual(ok({ n: 2 }))
    // What was asked during the outage was never sent, not kept for later.
    expect(seen).toEqual([2])
  })

  test('while a question is out, one that may be asked twice is asked again when it is back, not when its time is over', async () => {
    const server = await started()
    const [here, there] = [stage.side(server.url), stage.side(server.url)]
    const asked = Promise.withResolvers<void>()
    const never = Promise.withResolvers<Reply>()
    let times = 0
    const Slow = defineRpc({ ...Look, timeoutMs: 20_000 })
    stage.serve(there, 'till', [
      handle(Slow, async (_, { n }) => {
        times += 1
        asked.resolve()
        return times === 1 ? await never.promise : ok({ n })
      }),
    ])
    stage.onClear(async () => never.resolve(ok({ n: 0 })))
    await Promise.all([heard(here), heard(there)])
    const startedAt = performance.now()
    const asking = stage.client(here).ask(Slow, callOf(60_000), { n: 1 })
    await asked.promise
    await server.kill9()
    await server.restart()
    expect(await asking).toEqual(ok({ n: 1 }))
    // Its share of the deadline is 10 s: the method's time is shorter than the caller's.
    expect(performance.now() - startedAt).toBeLessThan(9_000)
    expect(times).toBe(2)
  })

  test('while a question is out, one that may have been carried out is given up at once', async () => {
    const server = await started()
    const here = stage.side(server.url)
    const { asked } = await mute(stage.side(server.url), Charge)
    await heard(here)
    const asking = stage.client(here).ask(Charge, callOf(3_000), { n: 1 })
    await waitUntil(async () => asked() === 1)
    await server.kill9()
    expect(await took(asking)).toBeLessThan(1_000)
    expect(await asking).toEqual(fail('deadline_exceeded'))
  })

  test('a question asked shortly before it is back is answered', async () => {
    const server = await started()
    const [here, there] = [stage.side(server.url), stage.side(server.url)]
    stage.serve(there, 'till', [handle(Charge, echo)])
    await Promise.all([heard(here), heard(there)])
    const gone = away(here)
    await server.kill9()
    await gone
    const asking = stage.client(here).ask(Charge, callOf(3_000), { n: 1 })
    await server.restart()
    expect(await asking).toEqual(ok({ n: 1 }))
  })

  test('from the start: both sides are made before there is a server', async () => {
    const server = await started()
    await server.shutDown()
    const [here, there] = [stage.side(server.url), stage.side(server.url)]
    stage.serve(there, 'till', [handle(Charge, echo)])
    const asking = stage.client(here).ask(Charge, callOf(3_000), { n: 1 })
    await server.restart()
    expect(await asking).toEqual(ok({ n: 1 }))
  })

  test('from the start to the end: what serves can be closed all the same', async () => {
    const nats = await started()
    await nats.shutDown()
    const side = stage.side(nats.url)
    const server = stage.serve(side, 'till', [handle(Charge, echo)])
    await server.close()
    await side.nats.close()
  })
})

describe('the breaker', () => {
  test('opens for a service that does not answer, spares the others, and closes when it is back', async () => {
    const { url } = await started()
    const [here, there] = [stage.side(url), stage.side(url)]
    const Other = defineRpc({ ...shape, service: 'other', method: 'Look', idempotent: true })
    stage.serve(there, 'other', [handle(Other, echo)])
    await Promise.all([heard(here), heard(there)])
    const client = stage.client(here)
    for (let i = 0; i < 5; i++) await client.ask(Charge, callOf(30), { n: i })
    expect(await here.registry.metrics()).toContain('rpc_client_breaker_state{peer="till"} 2')

    const refused = client.ask(Charge, callOf(3_000), { n: 5 })
    expect(await took(refused)).toBeLessThan(1_500)
    expect(await refused).toEqual(fail('unavailable'))
    expect(await client.ask(Other, callOf(1_000), { n: 6 })).toEqual(ok({ n: 6 }))

    stage.serve(stage.side(url), 'till', [handle(Charge, echo)])
    await waitUntil(async () => (await client.ask(Charge, callOf(1_000), { n: 7 })).ok)
    expect(await here.registry.metrics()).toContain('rpc_client_breaker_state{peer="till"} 0')
  })

  test('does not open on refusals, bugs or replies that cannot be read', async () => {
    const { url } = await started()
    const [here, there] = [stage.side(url), stage.side(url)]
    const answers: (() => Promise<Reply>)[] = [
      async () => fail('unavailable'),
      async () => fail('overloaded'),
      async () => fail('deadline_exceeded'),
      () => Promise.reject(new Error('a bug')),
      async () => ok({ n: 0.5 }),
      async () => fail('order_not_found'),
    ]
    const answer = async (_: Call, { n }: { n: number }) => (await answers[n]?.()) ?? ok({ n })
    stage.serve(there, 'till', [handle(Charge, answer)])
    await Promise.all([heard(here), heard(there)])
    const client = stage.client(here)
    for (let n = 0; n < answers.length; n++)
      expect((await client.ask(Charge, callOf(1_000), { n })).ok).toBe(false)
    expect(await client.ask(Charge, callOf(1_000), { n: 9 })).toEqual(ok({ n: 9 }))
  })
})

describe('a user who may not', () => {
  const users = `authorization { users: [
    { user: asker, password: a, permissions: { publish: { deny: "rpc.till.>" } } }
    { user: server, password: s, permissions: { subscribe: { deny: "rpc.>" } } }
  ] }`
  const as = (url: string, user: string) => `nats://${user}@${new URL(url).host}`

  test('ask is told so at once, however long there is', async () => {
    const { url, stop } = await startNatsWith(users)
    stage.onClear(stop)
    const here = stage.side(as(url, 'asker:a'))
    await heard(here)
    const asking = stage.client(here).ask(Charge, callOf(3_000), { n: 1 })
    expect(await took(asking)).toBeLessThan(1_500)
    expect(await asking).toEqual(fail('unavailable'))
    expect(here.lines).toContainEqual(
      expect.objectContaining({ level: 50, msg: 'NATS does not take a question' }),
    )
  })

  test('serve says which method is not served', async () => {
    const { url, stop } = await startNatsWith(users)
    stage.onClear(stop)
    const there = stage.side(as(url, 'server:s'))
    stage.serve(there, 'till', [handle(Charge, echo)])
    const complaint = { level: 50, subject: Charge.subject, msg: 'method is not served' }
    await waitUntil(async () => there.lines.some(({ msg }) => msg === complaint.msg))
    expect(there.lines).toContainEqual(expect.objectContaining(complaint))
  })
})
