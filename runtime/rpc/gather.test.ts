//! Gathered questions: fewer of them, and nobody is told what another asked for.
import { describe, expect, test } from 'bun:test'
import { fail, ok } from '../../contracts/errors.ts'
import { defaultTenant, type TenantId } from '../../contracts/ids.ts'
import { plusMs } from '../../contracts/time.ts'
import { childTraceparent } from '../call.ts'
import { gather } from './gather.ts'
import { now } from './rpc.fixture.ts'
import type { Asking } from './wire.ts'

const callOf = (requestId: string, leftMs = 1000, tenantId = defaultTenant): Asking => ({
  tenantId,
  caller: 'service',
  requestId,
  traceparent: childTraceparent(undefined),
  deadlineAt: plusMs(now(), leftMs),
})
const call = callOf('one')

/** Answers the square of every key but of multiples of ten, and remembers what it was asked. */
function squares({ keysMax = 100, fails = () => false }: { keysMax?: number; fails?: () => boolean } = {}) {
  const asked: { requestId: string; tenantId: TenantId; keys: readonly number[] }[] = []
  const ask = gather<number, number, Asking>(
    async ({ requestId, tenantId }, keys) => {
      asked.push({ requestId, tenantId, keys })
      if (fails()) return fail('unavailable')
      return ok(new Map(keys.filter((key) => key % 10 !== 0).map((key) => [key, key * key])))
    },
    { keysMax },
  )
  const found = async (by: Asking, keys: readonly number[]) => {
    const answer = await ask(by, keys)
    return answer.ok ? [...answer.value] : answer.error.code
  }
  return { asked, found }
}

describe('questions of one turn', () => {
  test('are one question of every key once, and each caller is answered what it asked', async () => {
    const { asked, found } = squares()
    const answers = await Promise.all([found(call, [1, 2]), found(call, [2, 10]), found(call, [3])])
    expect(answers).toEqual([
      [
        [1, 1],
        [2, 4],
      ],
      [[2, 4]],
      [[3, 9]],
    ])
    expect(asked.map(({ keys }) => keys)).toEqual([[1, 2, 10, 3]])
  })

  test('are asked anew in the next turn: nothing is remembered', async () => {
    const { asked, found } = squares()
    await found(call, [1])
    await found(call, [1])
    expect(asked).toHaveLength(2)
  })

  test('are several where they name more keys than one may', async () => {
    const { asked, found } = squares({ keysMax: 2 })
    const keys = [1, 2, 3, 4, 5]
    expect(await found(call, keys)).toEqual(keys.map((key) => [key, key * key]))
    expect(asked.map((question) => question.keys)).toEqual([[1, 2], [3, 4], [5]])
  })

  test('are asked in the name of the one who has the most time left', async () => {
    const { asked, found } = squares()
    await Promise.all([
      found(call, [1]),
      found(callOf('patient', 5000), [2]),
      found(callOf('hasty', 10), [3]),
    ])
    expect(asked.map(({ requestId }) => requestId)).toEqual(['patient'])
  })

  test('of two tenants are two', async () => {
    const { asked, found } = squares()
    await Promise.all([found(call, [1, 2]), found(callOf('two', 1000, 'other' as TenantId), [2, 3])])
    expect(asked.map(({ tenantId, keys }) => ({ tenantId, keys }))).toEqual([
      { tenantId: defaultTenant, keys: [1, 2] },
      { tenantId: 'other' as TenantId, keys: [2, 3] },
    ])
  })
})

test('a refusal is told to everybody who was in the question, and to nobody later', async () => {
  let away = true
  const { found } = squares({ fails: () => away })
  expect(await Promise.all([found(call, [1]), found(call, [2, 3])])).toEqual(['unavailable', 'unavailable'])
  away = false
  expect(await found(call, [1])).toEqual([[1, 1]])
})

test('what is thrown reaches everybody who was in the question', async () => {
  const ask = gather<number, number, Asking>(
    () => {
      throw new Error('a bug')
    },
    { keysMax: 10 },
  )
  const answers = await Promise.allSettled([ask(call, [1]), ask(call, [2])])
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})
