//! Who calls: reads the `authorization` header or metadata value and judges it against the guard of a route or method.
import { timingSafeEqual } from 'node:crypto'
import { fail, ok, type Result } from '../contracts/errors.ts'
import type { TenantId, UserId } from '../contracts/ids.ts'
import { type Guard, mayPass, type Role } from '../contracts/roles.ts'
import type { TokenOwner, VerifyToken } from './tokens.ts'

export type { Guard } from '../contracts/roles.ts'

export type Identity = {
  /** `service` or `user:<id>`; undefined where nobody is known, and the transport says by which address. */
  readonly caller: string | undefined
  readonly isService: boolean
  readonly role?: Role
  readonly userId?: UserId
  /** Whom the account belongs to; a service says for whom it speaks. */
  readonly tenantId?: TenantId
}

/** The account behind a guard that lets nobody through who has none. */
export function accountBehind({ userId }: Identity): UserId {
  if (userId === undefined) throw new Error('a guard of accounts let somebody through who has none')
  return userId
}

/** At once where no signature has to be looked at. */
export type Authenticate = (
  authorization: string | undefined,
  guard: Guard,
) => Result<Identity> | Promise<Result<Identity>>

export type AuthOptions = {
  /** False on loopback in development: the RPC surfaces also take calls that bring no token. */
  readonly requireAuth: boolean
  readonly serviceToken: string | undefined
  /** Answers whose access token it is. Absent where a service knows no accounts. */
  readonly verifyToken?: VerifyToken
}

const anybody: Identity = { caller: undefined, isService: false }
const service: Identity = { caller: 'service', isService: true, role: 'service' }

// The scheme's name is case-insensitive (RFC 9110, section 11.1).
const bearer = /^bearer +([^ ]+)$/i

/** A wrong token is refused on every guarded route, also where none is required: whoever sends one means it. */
export function createAuthenticate({ requireAuth, serviceToken, verifyToken }: AuthOptions): Authenticate {
  const isServiceToken = tokenCheck(serviceToken)

  const judge = (identity: Identity | undefined, guard: Guard): Result<Identity> => {
    if (identity?.role === undefined) return guard === 'open' ? ok(anybody) : fail('unauthenticated')
    return mayPass(identity.role, guard) ? ok(identity) : fail('permission_denied')
  }

  return (authorization, guard) => {
    if (authorization === undefined) {
      const trusted = !requireAuth && (guard === 'service' || guard === 'user')
      return guard === 'open' || trusted ? ok(anybody) : fail('unauthenticated')
    }
    const token = bearer.exec(authorization)?.[1]
    if (token === undefined) return judge(undefined, guard)
    if (isServiceToken(token)) return judge(service, guard)
    if (verifyToken === undefined) return judge(undefined, guard)
    const identity = verifyToken(token).then((owner) => owner && identityOf(owner))
    // Nobody has to prove anything on an open route, least of all while accounts is away.
    const known = guard === 'open' ? identity.catch(() => undefined) : identity
    return known.then((who) => judge(who, guard))
  }
}

function identityOf({ userId, role, tenantId }: TokenOwner): Identity {
  return { caller: `user:${userId}`, isService: false, role, userId, tenantId }
}

/** Compares in a time that tells nothing about the token but its length. */
function tokenCheck(serviceToken: string | undefined): (token: string) => boolean {
  if (serviceToken === undefined || serviceToken === '') return () => false
  const wanted = Buffer.from(serviceToken)
  return (token) => {
    const given = Buffer.from(token)
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  }
}
