//! How often one may try: guessing is slowed down for whoever guesses, and not for whose account it is.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { fail, ok, type Result } from '../contracts/errors.ts'
import { callerOf, rangeOf } from './domain/address.ts'
import { hashOf } from './secrets.ts'

export type Limit = { readonly points: number; readonly seconds: number }

export type LimitOptions = {
  /** Wrong passwords of one address, whatever the account. */
  readonly address: Limit
  /** Wrong passwords for one account from one neighbourhood. */
  readonly accountFromRange: Limit
  /** Wrong passwords for one account from everywhere that it was never signed in to from. */
  readonly accountFromStrangers: Limit
  readonly registrations: Limit
  /** Sign-ins with a provider that one address begins. */
  readonly signIns: Limit
}

export type LoginTry = {
  readonly address: string
  readonly tenantId: string
  readonly loginKey: string
  /** A session of the account that this browser had once: its owner is guessed from elsewhere, not from here. */
  readonly browser: string | undefined
  /** Whether the account was signed in to from the neighbourhood before. */
  readonly isKnownRange: boolean
}

export type Limits = {
  /**
   * Answers whether the password is right. A try is counted before it is made, so that many at once are no way around, and
   * taken back where it is right, or where nobody learned whether it is: `isRight` throws while too many wait.
   */
  login(tried: LoginTry, isRight: () => Promise<boolean>): Promise<Result<boolean>>
  register(address: string): Promise<Result<undefined>>
  signIn(address: string): Promise<Result<undefined>>
}

type Counted = readonly [RateLimiterMemory, string]

/** Counted in memory, each process for itself: a restart forgives, and several processes forgive several times as much. */
export function createLimits(options: LimitOptions): Limits {
  const limiter = (keyPrefix: string, { points, seconds }: Limit) =>
    new RateLimiterMemory({ keyPrefix, points, duration: seconds })
  const address = limiter('address', options.address)
  const range = limiter('range', options.accountFromRange)
  const strangers = limiter('strangers', options.accountFromStrangers)
  const registrations = limiter('registrations', options.registrations)
  const signIns = limiter('sign-ins', options.signIns)

  return {
    async login(tried, isRight) {
      const account = hashOf(`${tried.tenantId}/${tried.loginKey}`)
      // Whatever its neighbours do, a browser that the account knows has tries of its own.
      const counted: readonly Counted[] =
        tried.browser === undefined
          ? [
              [address, callerOf(tried.address)],
              [range, `${account} ${rangeOf(tried.address)}`],
              ...(tried.isKnownRange ? [] : [[strangers, account] as const]),
            ]
          : [[range, `${account} ${tried.browser}`]]
      for (const [index, [each, key]] of counted.entries()) {
        const taken = await take(each, key)
        if (taken.ok) continue
        // A try that is not made counts nowhere else: or else whoever is shut out would go on shutting out others.
        await giveBack(counted.slice(0, index))
        return taken
      }
      let isWrong = false
      try {
        isWrong = !(await isRight())
      } finally {
        if (!isWrong) await giveBack(counted)
      }
      return ok(!isWrong)
    },
    register: (from) => take(registrations, callerOf(from)),
    signIn: (from) => take(signIns, callerOf(from)),
  }
}

async function take(limiter: RateLimiterMemory, key: string): Promise<Result<undefined>> {
  try {
    await limiter.consume(key)
    return ok(undefined)
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error
    return fail('too_many_requests', {
      // Counted by the wall clock, though the time ends by a timer: set back meanwhile, it would seem a day away.
      retry_after_seconds: Math.min(limiter.duration, Math.max(1, Math.ceil(error.msBeforeNext / 1000))),
    })
  }
}

async function giveBack(counted: readonly Counted[]): Promise<void> {
  for (const [limiter, key] of counted) await limiter.reward(key)
}
