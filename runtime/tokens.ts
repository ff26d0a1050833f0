//! Access tokens, checked where they are used: by the signature, with the public keys that accounts shows.

import { Value } from '@sinclair/typebox/value'
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { TenantId, UserId } from '../contracts/ids.ts'
import type { AccountRole } from '../contracts/roles.ts'
import { int64Max } from '../contracts/scalars.ts'
import type { Clock, Instant } from '../contracts/time.ts'
import {
  AccessClaims,
  accessTokenType,
  tokenAlgorithm,
  tokenAudience,
  tokenIssuer,
} from '../contracts/tokens.ts'
import { Refusal } from './refusal.ts'

/** Whose token it is. */
export type TokenOwner = {
  readonly userId: UserId
  readonly role: AccountRole
  readonly tenantId: TenantId
  readonly sessionId: string
}

/** The owner, or undefined where the token is nobody's or no more. Throws `unavailable` where the keys cannot be had. */
export type VerifyToken = (token: string) => Promise<TokenOwner | undefined>

export type TokenOptions = {
  readonly keys: JWTVerifyGetKey
  readonly now: Clock
  /** How many verified tokens are remembered, so that a signature is checked once and not at every request. */
  readonly rememberedMax?: number
}

const freshMs = 600_000
/** Between two looks for keys that nobody knows. */
const cooldownMs = 1_000

/** The keys at an address, fetched when one is asked for that is not known yet, and anew every ten minutes. */
export function remoteKeys(url: string, now: Clock): JWTVerifyGetKey {
  // jose's own measures go by the wall clock: set back by a day, it would not look for a new key for a day.
  const known = createRemoteJWKSet(new URL(url), {
    timeoutDuration: 2_000,
    cooldownDuration: Number.POSITIVE_INFINITY,
    cacheMaxAge: Number.POSITIVE_INFINITY,
  })
  let fetchedAt: Instant | undefined
  const isFetchedWithin = (ms: number) => fetchedAt !== undefined && now() - fetchedAt < ms
  const fetchAnew = async () => {
    await known.reload()
    fetchedAt = now()
  }
  return async (header, token) => {
    if (!isFetchedWithin(freshMs)) await fetchAnew()
    try {
      return await known(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || isFetchedWithin(cooldownMs)) throw error
      await fetchAnew()
      return await known(header, token)
    }
  }
}

type Remembered = { readonly owner: TokenOwner; readonly expiresAt: number }

export function tokenVerifier({ keys, now, rememberedMax = 10_000 }: TokenOptions): VerifyToken {
  const remembered = new Map<string, Remembered>()

  return async (token) => {
    const known = remembered.get(token)
    if (known !== undefined && known.expiresAt > now()) return known.owner
    remembered.delete(token)
    const verified = await verify(token, keys, now())
    if (verified === undefined) return undefined
    // The oldest goes: a Map keeps the order in which its keys came.
    for (const oldest of remembered.keys()) {
      if (remembered.size < rememberedMax) break
      remembered.delete(oldest)
    }
    remembered.set(token, verified)
    return verified.owner
  }
}

async function verify(token: string, keys: JWTVerifyGetKey, now: number): Promise<Remembered | undefined> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: [tokenAlgorithm],
      typ: accessTokenType,
      issuer: tokenIssuer,
      audience: tokenAudience,
      currentDate: new Date(now),
      requiredClaims: ['exp', 'iat', 'jti'],
    })
    return rememberedOf(payload)
  } catch (error) {
    if (isNobodys(error)) return undefined
    throw new Refusal('unavailable', 'the keys of access tokens cannot be had', { cause: error })
  }
}

/** What jose throws of the token itself, and not of the way to the keys. */
function isNobodys(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    // Thrown as it is where the address answers anything but a set of keys.
    error.code !== 'ERR_JOSE_GENERIC'
  )
}

function rememberedOf(payload: JWTPayload): Remembered | undefined {
  if (!Value.Check(AccessClaims, payload)) return undefined
  const { sub, role, tenant_id, sid, exp = 0 } = payload as JWTPayload & AccessClaims
  const userId = BigInt(sub)
  if (userId > int64Max) return undefined
  return {
    owner: { userId: userId as UserId, role, tenantId: tenant_id as TenantId, sessionId: sid },
    expiresAt: exp * 1000,
  }
}
