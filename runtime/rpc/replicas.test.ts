import { afterEach, describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { fail, ok, type Result } from '../../contracts/errors.ts'
import { defineRpc } from '../../contracts/rpc/define.ts'
import { startNatsServer, type TestNats } from '../../tests/harness/nats.ts'
import type { Call } from '../call.ts'
import { callOf, heard, Stage, waitUntil } from './rpc.fixture.ts'
import { handle } from './server.ts'

const Charge = defineRpc({
  service: 'till',
  method: 'Charge',
  request: Type.Object({ n: Type.Integer() }),
  reply: Type.Object({ n: Type.Integer() }),
  idempotent: false,
  timeoutMs: 3_000,
})
type Reply = Result<{ n: number }>

const stage = new Stage()
afterEach(() => stage.clear())

async function started(): Promise<TestNats> {
  const server = await startNatsServer()
  stage.onClear(() => server.stop())
  return server
}

describe('several processes of one service', () => {
  test('share its questions, each answered once', async () => {
    const { url } = await started()
    const seen: number[][] = [[], []]
    for (const mine of seen) {
      const side = stage.side(url)
      stage.serve(side, 'till', [
        handle(Charge, async (_, { n }) => {
          mine.push(n)
          return ok({ n })
        }),
      ])
      await heard(side)
    }
    const here = stage.side(url)
    await heard(here)
    const client = stage.client(here)
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    await Promise.all(numbers.map((n) => client.ask(Charge, callOf(2_000), { n })))
    expect(seen.flat().sort((a, b) => a - b)).toEqual(numbers)
    for (const mine of seen) expect(mine.length).toBeGreaterThan(10)
  })

  test('are restarted one by one under load, and no question fails or is carried out twice', async () => {
    const { url } = await started()
    const seen: number[] = []
    const answer = async (_: Call, { n }: { n: number }) => {
      seen.push(n)
      await Bun.sleep(1)
      return ok({ n })
    }
    const replica = async () => {
      const side = stage.side(url)
      const server = stage.serve(side, 'till', [handle(Charge, answer)])
      await heard(side)
      const stop = async () => {
        await server.close()
        await side.nats.close()
      }
      return { stop }
    }
    let [old, kept] = [await replica(), await replica()]
    const here = stage.side(url)
    await heard(here)
    const client = stage.client(here)
    let done = false
    const failures: Reply[] = []
    let n = 0
    const load = Array.from({ length: 16 }, async () => {
      while (!done) {
        n += 1
        const answer = await client.ask(Charge, callOf(2_000), { n })
        if (!answer.ok) failures.push(answer)
      }
    })
    for (let i = 0; i < 4; i++) {
      const enough = n + 50
      await waitUntil(async () => n >= enough)
      await old.stop()
      ;[old, kept] = [kept, await replica()]
    }
    done = true
    await Promise.all(load)
    expect(failures).toEqual([])
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i + 1))
  })
})

test('closing answers what is being answered, and takes nothing more', async () => {
  const { url } = await started()
  const [here, there] = [stage.side(url), stage.side(url)]
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const server = stage.serve(there, 'till', [
    handle(Charge, async (_, { n }) => {
      begun.resolve()
      await gate.promise
      return ok({ n })
    }),
  ])
  await Promise.all([heard(here), heard(there)])
  const client = stage.client(here)
  const running = client.ask(Charge, callOf(2_000), { n: 1 })
  await begun.promise
  let closed = false
  const closing = server.close().then(() => {
    closed = true
  })
  // Until the server knows that we left it may still send us questions, and those we answer.
  await heard(there)
  expect(await client.ask(Charge, callOf(300), { n: 2 })).toEqual(fail('unavailable'))
  expect(closed).toBe(false)
  gate.resolve()
  await closing
  expect(await running).toEqual(ok({ n: 1 }))
})
