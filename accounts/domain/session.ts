//! A session and its refresh tokens: a line of tokens of which each makes the next, and one live end.
import type { Id, TenantId, UserId } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'

export type SessionId = Id<'session'>
export const endReasons = ['logout', 'replaced', 'owner', 'password', 'refresh_reused'] as const
export type EndReason = (typeof endReasons)[number]

export type Session = {
  readonly id: SessionId
  readonly tenantId: TenantId
  readonly userId: UserId
  /** How many times it was refreshed: the number of the refresh token that is taken next. */
  readonly generation: number
  /** The neighbourhood that it was begun from, which is known to its owner from then on. */
  readonly addressRange: string
  readonly createdAt: Instant
  readonly refreshedAt: Instant
  readonly expiresAt: Instant
  readonly endedAt: Instant | undefined
}

export type RefreshToken = {
  readonly generation: number
  readonly usedAt: Instant | undefined
  /** True once its answer was given again. */
  readonly replayed: boolean
}

/** Within this time a client whose answer was lost may ask once more. */
export const replayMs = 10_000
/**
 * How many used tokens of a session are known for what they are: ten days' worth where one is used every 15 minutes. One
 * that is older is nobody's: it is refused and ends nothing.
 */
export const usedTokensMax = 1000
/** How long ended sessions are remembered: they tell which places and browsers an owner comes from. */
export const rememberedMs = 30 * 24 * 60 * 60 * 1000

export const isLive = (session: Session, now: Instant): boolean =>
  session.endedAt === undefined && session.expiresAt > now

/**
 * What becomes of a refresh token that is presented: `rotate` makes the next, `replay` gives the next again, `end` means
 * that two have it, of whom one is no friend, `refuse` that its session is over.
 */
export function judgeRefresh(
  session: Session,
  token: RefreshToken,
  now: Instant,
): 'rotate' | 'replay' | 'end' | 'refuse' {
  if (!isLive(session, now)) return 'refuse'
  if (token.usedAt === undefined) return 'rotate'
  const isLast = token.generation === session.generation - 1
  // Used later than now, by a clock that was set back since: nobody knows how long ago that was.
  const isSoon = Math.abs(now - token.usedAt) < replayMs
  return isLast && isSoon && !token.replayed ? 'replay' : 'end'
}
