import { expect, test } from 'bun:test'
import { type Instant, instantOf } from '../../contracts/time.ts'
import { type BreakerState, breakerOf } from './breaker.ts'

function breaker() {
  let at: Instant = instantOf(1_000_000)
  const states: BreakerState[] = []
  const made = breakerOf<'good' | 'bad'>({
    failuresMax: 3,
    openMs: 1_000,
    isFailure: (outcome) => outcome === 'bad',
    onState: (state) => states.push(state),
    now: () => at,
  })
  const ask = (outcome: 'good' | 'bad') => made.run(async () => outcome)
  const pass = (ms: number) => {
    at = instantOf(at + ms)
  }
  return { made, ask, pass, states }
}

test('opens after as many failures in a row as it may see, and then asks nobody', async () => {
  const { made, ask, states } = breaker()
  for (const outcome of ['bad', 'bad', 'good', 'bad', 'bad'] as const)
    expect(await ask(outcome)).toBe(outcome)
  expect(states).toEqual([])
  expect(await ask('bad')).toBe('bad')
  expect(states).toEqual(['open'])
  expect(await made.run(async () => expect.unreachable())).toBeUndefined()
})

test('one question finds out whether there is an answer again; the others do not wait for it', async () => {
  const { made, ask, pass, states } = breaker()
  for (let i = 0; i < 3; i++) await ask('bad')
  pass(999)
  expect(await ask('good')).toBeUndefined()
  pass(1)
  const probe = Promise.withResolvers<'good'>()
  const probing = made.run(() => probe.promise)
  expect(await ask('good')).toBeUndefined()
  probe.resolve('good')
  expect(await probing).toBe('good')
  expect(await ask('good')).toBe('good')
  expect(states).toEqual(['open', 'half_open', 'closed'])
})

test('stays open for another while where that question fails too', async () => {
  const { ask, pass, states } = breaker()
  for (let i = 0; i < 3; i++) await ask('bad')
  pass(1_000)
  expect(await ask('bad')).toBe('bad')
  pass(999)
  expect(await ask('good')).toBeUndefined()
  pass(1)
  expect(await ask('good')).toBe('good')
  expect(states).toEqual(['open', 'half_open', 'open', 'half_open', 'closed'])
})

test('a step of the wall clock does not keep it open', async () => {
  const { ask, pass } = breaker()
  const wall = Date.now
  try {
    for (let i = 0; i < 3; i++) await ask('bad')
    Date.now = () => wall() - 24 * 60 * 60 * 1_000
    pass(1_000)
    expect(await ask('good')).toBe('good')
  } finally {
    Date.now = wall
  }
})

test('a bug in the asking passes through', async () => {
  const { made, ask } = breaker()
  await expect(made.run(() => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug')
  expect(await ask('good')).toBe('good')
})
