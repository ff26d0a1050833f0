//! The clock's work: done at once, at its deadlines, sooner when a nearer one is written, and again when it failed.
import { expect, test } from 'bun:test'
import pino from 'pino'
import { type Instant, plusMs, processClock } from '../contracts/time.ts'
import { deadlineTimer } from './timer.ts'

const now = processClock()
const log = pino({ level: 'silent' })

/** A run that answers what the test hands it, and tells when it was asked. */
function answering(answers: readonly (Instant | undefined | Error)[]) {
  const runs: Instant[] = []
  const enough = Promise.withResolvers<void>()
  const run = async () => {
    runs.push(now())
    const answer = answers[runs.length - 1]
    if (runs.length >= answers.length) enough.resolve()
    if (answer instanceof Error) throw answer
    return answer
  }
  return { runs, run, enough: enough.promise }
}

test('it runs at once and again at the moment that it answered, never before', async () => {
  const due = plusMs(now(), 60)
  const { runs, run, enough } = answering([due, undefined])
  const timer = deadlineTimer({ name: 'test', run, now, log, atLeastEveryMs: 10_000 })
  await enough
  await timer.close()
  expect(runs[1]).toBeGreaterThanOrEqual(due)
  expect((runs[1] as number) - due).toBeLessThan(1000)
})

test('a nearer deadline that is written meanwhile is not slept through', async () => {
  const { runs, run, enough } = answering([plusMs(now(), 60_000), undefined])
  const timer = deadlineTimer({ name: 'test', run, now, log, atLeastEveryMs: 60_000 })
  await Bun.sleep(1) // the first run is over, and the timer is set to a minute
  timer.wake(plusMs(now(), 20))
  await enough
  await timer.close()
  expect(runs).toHaveLength(2)
})

test('work that failed is done again, and rows are looked at even where nothing was announced', async () => {
  const { runs, run, enough } = answering([new Error('the store is away'), undefined, undefined])
  const timer = deadlineTimer({ name: 'test', run, now, log, atLeastEveryMs: 10 })
  await enough
  await timer.close()
  expect(runs.length).toBeGreaterThanOrEqual(3)
})

test('close waits for what runs, and nothing runs after it', async () => {
  const inside = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<undefined>()
  let runs = 0
  const run = async () => {
    runs += 1
    inside.resolve()
    return await finish.promise
  }
  const timer = deadlineTimer({ name: 'test', run, now, log, atLeastEveryMs: 1 })
  await inside.promise
  let closed = false
  const closing = timer.close().then(() => {
    closed = true
  })
  await Bun.sleep(5)
  expect(closed).toBe(false)
  finish.resolve(undefined)
  await closing
  await Bun.sleep(20)
  expect(runs).toBe(1)
})
