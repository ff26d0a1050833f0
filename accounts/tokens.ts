//! Access tokens: made here, checked everywhere.
import { SignJWT } from 'jose'
import type { Clock, Instant } from '../contracts/time.ts'
import { accessTokenType, tokenAlgorithm, tokenAudience, tokenIssuer } from '../contracts/tokens.ts'
import type { Account } from './domain/account.ts'
import type { Session } from './domain/session.ts'
import type { KeyRing } from './key-ring.ts'

export type AccessToken = { readonly token: string; readonly expiresInSeconds: number }

/** Never lives longer than its session. */
export type MakeToken = (account: Account, session: Session, secondsMax: number) => Promise<AccessToken>

export function tokenMaker(ring: KeyRing, now: Clock): MakeToken {
  return async ({ id, role, tenantId }, session, secondsMax) => {
    const { kid, key } = ring.signing()
    const at = now()
    const seconds = Math.max(1, Math.min(secondsMax, secondsLeft(session.expiresAt, at)))
    const issuedAt = Math.floor(at / 1000)
    const token = await new SignJWT({ role, tenant_id: tenantId, sid: session.id })
      .setProtectedHeader({ alg: tokenAlgorithm, typ: accessTokenType, kid })
      .setIssuer(tokenIssuer)
      .setAudience(tokenAudience)
      .setSubject(String(id))
      .setJti(crypto.randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + seconds)
      .sign(key)
    return { token, expiresInSeconds: seconds }
  }
}

const secondsLeft = (until: Instant, now: Instant): number => Math.floor((until - now) / 1000)
