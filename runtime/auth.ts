//! Who calls: reads the `authorization` header or metadata value and judges it against the guard of a route or method.
import { timingSafeEqual } from 'node:crypto'
import { fail, ok, type Result } from '../contracts/errors.ts'

/** Who may call: anybody; our own services; a user (or a service in their name). */
export type Guard = 'open' | 'service' | 'user'

export type Identity = {
  /** `service` or `user:<id>`; undefined where nobody is known, and the transport says by which address. */
  readonly caller: string | undefined
  readonly isService: boolean
  readonly userId?: bigint
}

export type Authenticate = (authorization: string | undefined, guard: Guard) => Result<Identity>

export type AuthOptions = {
  /** False on loopback in development: guarded routes also take calls that bring no token. */
  readonly requireAuth: boolean
  readonly serviceToken: string | undefined
  /** Answers whose token it is, or undefined where it is nobody's. Absent until there are user tokens. */
  readonly verifyUser?: (token: string) => { readonly userId: bigint } | undefined
}

const anybody: Identity = { caller: undefined, isService: false }
const service: Identity = { caller: 'service', isService: true }

// The scheme's name is case-insensitive (RFC 9110, section 11.1).
const bearer = /^bearer +([^ ]+)$/i

/** A wrong token is refused on every guarded route, also where none is required: whoever sends one means it. */
export function createAuthenticate({ requireAuth, serviceToken, verifyUser }: AuthOptions): Authenticate {
  const isServiceToken = tokenCheck(serviceToken)

  const identify = (authorization: string): Identity | undefined => {
    const token = bearer.exec(authorization)?.[1]
    if (token === undefined) return undefined
    if (isServiceToken(token)) return service
    const user = verifyUser?.(token)
    return user === undefined
      ? undefined
      : { caller: `user:${user.userId}`, isService: false, userId: user.userId }
  }

  return (authorization, guard) => {
    if (authorization === undefined)
      return guard === 'open' || !requireAuth ? ok(anybody) : fail('unauthenticated')
    const identity = identify(authorization)
    if (identity === undefined) return guard === 'open' ? ok(anybody) : fail('unauthenticated')
    if (guard === 'service' && !identity.isService) return fail('permission_denied')
    return ok(identity)
  }
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
