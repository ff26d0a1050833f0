//! How often one may ask: of an address, of an account, and more strictly of whoever tries to sign in.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

const windowSeconds = 60

/** What is left for whoever asked. */
export type Allowance = {
  readonly isTaken: boolean
  readonly limit: number
  readonly remaining: number
  readonly resetSeconds: number
}

/** Takes one for the key; undefined where there is no limit. */
export type Limit = (key: string) => Promise<Allowance> | undefined

/** Counted in memory, each process for itself; a restart forgets. */
export function limitOf(perMinute: number): Limit {
  if (perMinute === 0) return () => undefined
  const limiter = new RateLimiterMemory({ points: perMinute, duration: windowSeconds })
  const allowance = (isTaken: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): Allowance => ({
    isTaken,
    limit: perMinute,
    remaining: remainingPoints,
    // Counted by the wall clock, though the window ends by a timer: set back meanwhile, it would seem a day away.
    resetSeconds: Math.min(windowSeconds, Math.max(1, Math.ceil(msBeforeNext / 1000))),
  })
  return (key) =>
    limiter.consume(key).then(
      (left) => allowance(true, left),
      (refused) => {
        if (refused instanceof RateLimiterRes) return allowance(false, refused)
        throw refused
      },
    )
}

/** Of two, the one that ends first. */
export function tighter(one: Allowance | undefined, other: Allowance | undefined): Allowance | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.remaining < one.remaining ? other : one
}

/** As drafted by the IETF's HTTPAPI group (draft-ietf-httpapi-ratelimit-headers-06), which most clients know. */
export function limitHeaders({ limit, remaining, resetSeconds }: Allowance): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  }
}
