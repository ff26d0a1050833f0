//! When signing keys come and go, over any course of time.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Instant, plusMs } from '../../contracts/time.ts'
import { dueKey, isSpent, type KeyTimes, nextLook, signingKey } from './keys.ts'

const policy = { rotationMs: 30 * 86_400_000, tokenMs: 900_000 }
const start = 1_700_000_000_000 as Instant

/** One look, as `rotate-keys` takes it. */
function look(keys: readonly KeyTimes[], now: Instant): KeyTimes[] {
  const due = dueKey(keys, policy, now)
  const next = due === undefined ? keys : [...keys, { ...due, canSign: true }]
  return next.filter((key) => !isSpent(key, policy, now))
}

test('however seldom one looks, and wherever the clock is set, there is one key to sign with, and no valid token loses its key', () => {
  const far = 40 * 86_400_000
  const pauses = fc.array(fc.integer({ min: -far, max: far }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(pauses, (steps) => {
      let [now, keys] = [start, look([], start)]
      for (const step of steps) {
        const asked = nextLook(keys, policy, now)
        expect(asked === undefined || asked > now).toBe(true)
        const signer = signingKey(keys, now)
        now = plusMs(now, step)
        keys = look(keys, now)
        expect(signingKey(keys, now)).toBeDefined()
        // What was signed before the pause and is valid still is known still.
        if (step < policy.tokenMs) expect(keys.map(({ number }) => number)).toContain(signer?.number ?? -1)
        expect(keys.length).toBeLessThanOrEqual(3)
      }
    }),
  )
})

test('set back to before the first key, the clock makes no other that nobody has met', () => {
  const keys = look(look([], start), plusMs(start, -86_400_000))
  expect(keys.map(({ number }) => number)).toEqual([1])
  expect(signingKey(keys, plusMs(start, -86_400_000))?.number).toBe(1)
})

test('looked at in time, the next key is shown a day before it signs', () => {
  let [now, keys] = [start, look([], start)]
  const shownAt = new Map<number, Instant>([[1, now]])
  const signedAt = new Map<number, Instant>()
  while (signedAt.size < 5) {
    for (const { number } of keys) if (!shownAt.has(number)) shownAt.set(number, now)
    const number = signingKey(keys, now)?.number ?? 0
    if (!signedAt.has(number)) signedAt.set(number, now)
    now = nextLook(keys, policy, now) ?? now
    keys = look(keys, now)
  }
  for (const number of [2, 3, 4, 5])
    expect((signedAt.get(number) ?? 0) - (shownAt.get(number) ?? 0)).toBeGreaterThanOrEqual(86_400_000)
})

test('a key whose private half is lost is followed by one that signs at once, and shown for its tokens', () => {
  const [lost] = look([], start).map((key) => ({ ...key, canSign: false }))
  if (lost === undefined) throw new Error('no key')
  const keys = look([lost], plusMs(start, 1000))
  expect(keys.map(({ number }) => number)).toEqual([1, 2])
  expect(signingKey(keys, plusMs(start, 1000))?.number).toBe(2)
})
