//! Access tokens for session cookies, asked of accounts and kept for a minute: no other service ever sees a cookie.
import { fail, ok, type Result } from '../contracts/errors.ts'
import type { UserId } from '../contracts/ids.ts'
import type { AccountRole } from '../contracts/roles.ts'
import { ExchangeSession } from '../contracts/rpc/accounts.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { type Clock, type Instant, plusMs } from '../contracts/time.ts'
import type { Asking, RpcClient } from '../runtime/rpc.ts'

export type SignedIn = {
  readonly accessToken: string
  readonly userId: UserId
  readonly role: AccountRole
}

export type Sessions = {
  /** Refused with `unauthenticated` where the session is over, with `unavailable` where accounts cannot be asked. */
  exchange(session: string, asking: Asking): Promise<Result<SignedIn>>
  /** Whatever is kept of the session is not used again. */
  forget(session: string): void
  /** The same of every session of an account. */
  forgetUser(userId: UserId): void
}

type Exchanged = { readonly signedIn: SignedIn; readonly expiresInSeconds: number }
type Kept = { readonly signedIn: SignedIn; readonly until: Instant }

const keptMsMax = 60_000
/** The token has to reach the service, and to be good there. */
const marginMs = 5_000

export function createSessions(options: {
  readonly rpc: Pick<RpcClient, 'ask'>
  readonly now: Clock
  readonly keptMax?: number
}): Sessions {
  const { rpc, now, keptMax = 10_000 } = options
  // In the order in which they were last used: a Map keeps the order in which its keys came.
  const kept = new Map<string, Kept>()
  const running = new Map<string, { readonly flight: object; readonly answer: Promise<Result<SignedIn>> }>()

  function find(session: string): SignedIn | undefined {
    const found = kept.get(session)
    if (found === undefined) return undefined
    kept.delete(session)
    if (found.until <= now()) return undefined
    kept.set(session, found)
    return found.signedIn
  }

  function keep(session: string, signedIn: SignedIn, expiresInSeconds: number): void {
    const forMs = Math.min(keptMsMax, expiresInSeconds * 1000 - marginMs)
    if (forMs <= 0) return
    kept.set(session, { signedIn, until: plusMs(now(), forMs) })
    for (const oldest of kept.keys()) {
      if (kept.size <= keptMax) break
      kept.delete(oldest)
    }
  }

  async function ask(session: string, asking: Asking): Promise<Result<Exchanged>> {
    const reply = await rpc.ask(ExchangeSession, asking, { session })
    if (!reply.ok) {
      // What accounts cannot tell now is not the visitor's doing, whatever it is called on its side.
      return fail(reply.error.code === 'unauthenticated' ? 'unauthenticated' : 'unavailable')
    }
    const { access_token, expires_in, user_id, role } = reply.value
    const signedIn = { accessToken: access_token, userId: userIdOf(user_id), role }
    return ok({ signedIn, expiresInSeconds: expires_in })
  }

  async function exchangeAnew(session: string, asking: Asking, flight: object): Promise<Result<SignedIn>> {
    try {
      const answer = await ask(session, asking)
      if (!answer.ok) return answer
      const { signedIn, expiresInSeconds } = answer.value
      // Another one, or none: it was forgotten while it was asked for.
      if (running.get(session)?.flight === flight) keep(session, signedIn, expiresInSeconds)
      return ok(signedIn)
    } finally {
      if (running.get(session)?.flight === flight) running.delete(session)
    }
  }

  return {
    exchange(session, asking) {
      const found = find(session)
      if (found !== undefined) return Promise.resolve(ok(found))
      const joined = running.get(session)
      if (joined !== undefined) return joined.answer
      const flight = {}
      const answer = exchangeAnew(session, asking, flight)
      running.set(session, { flight, answer })
      return answer
    },
    forget(session) {
      kept.delete(session)
      running.delete(session)
    },
    forgetUser(userId) {
      for (const [session, { signedIn }] of kept) if (signedIn.userId === userId) kept.delete(session)
      // Whose these are is not known yet.
      running.clear()
    },
  }
}
