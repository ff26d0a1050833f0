//! When signing keys come and go: each signs for a while, is shown before it does, and until its last token has expired.
import { type Instant, plusMs } from '../../contracts/time.ts'

export type KeyTimes = {
  readonly number: number
  readonly signsFrom: Instant
  readonly signsUntil: Instant
  /** Whether we have its private half. */
  readonly canSign: boolean
}

export type KeyPolicy = {
  readonly rotationMs: number
  /** The longest that a token lives. */
  readonly tokenMs: number
}

/** A day, or half of what a key lives: whoever checks tokens has met the next key by then. */
const leadMs = ({ rotationMs }: KeyPolicy): number => Math.min(86_400_000, Math.floor(rotationMs / 2))

/** Clocks of those who check differ from ours by less. */
const slackMs = 60_000

/**
 * The key that signs now: the newest whose time has come. Of none where the clock was set back to before all of them:
 * then the oldest, which is known the longest.
 */
export function signingKey<K extends KeyTimes>(keys: readonly K[], now: Instant): K | undefined {
  const able = keys.filter(({ canSign }) => canSign).sort((one, other) => one.number - other.number)
  return able.findLast(({ signsFrom }) => signsFrom <= now) ?? able[0]
}

export type NewKey = {
  readonly number: number
  readonly signsFrom: Instant
  readonly signsUntil: Instant
}

/** The key that has to be made now, if any: the first, the next before its time, or one in place of what cannot sign. */
export function dueKey(keys: readonly KeyTimes[], policy: KeyPolicy, now: Instant): NewKey | undefined {
  const last = keys.reduce<KeyTimes | undefined>(
    (best, key) => (best !== undefined && best.number > key.number ? best : key),
    undefined,
  )
  const number = (last?.number ?? 0) + 1
  const from = (signsFrom: Instant): NewKey => ({
    number,
    signsFrom,
    signsUntil: plusMs(signsFrom, policy.rotationMs),
  })
  const usable = keys.filter((key) => key.canSign && key.signsUntil > now)
  if (last === undefined || !last.canSign || usable.length === 0) return from(now)
  return last.signsUntil - leadMs(policy) <= now ? from(last.signsUntil) : undefined
}

/** True once no token that it has signed is valid any more. */
export function isSpent(key: KeyTimes, policy: KeyPolicy, now: Instant): boolean {
  return plusMs(key.signsUntil, policy.tokenMs + slackMs) <= now
}

/** When there is something to do next; what is due now has been done. */
export function nextLook(keys: readonly KeyTimes[], policy: KeyPolicy, now: Instant): Instant | undefined {
  const moments = keys
    .flatMap((key) => [key.signsUntil - leadMs(policy), key.signsUntil + policy.tokenMs + slackMs])
    .filter((moment) => moment > now)
  return moments.length === 0 ? undefined : (Math.min(...moments) as Instant)
}
