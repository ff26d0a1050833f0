//! `logout`: ends the session that any of its secrets names.
import { ok, type Result } from '../../contracts/errors.ts'
import type { TenantId } from '../../contracts/ids.ts'
import type { Deps } from '../deps.ts'
import type { Session, SessionId } from '../domain/session.ts'
import { hashOf } from '../secrets.ts'
import type { Tx } from '../store/schema.ts'
import { endSessionRow, sessionByCookie, sessionByRefreshToken, sessionOf } from '../store/sessions.ts'

/** What was brought along; each may name a session of its own, and each of them ends. */
export type Logout = {
  readonly bearer: { readonly tenantId: TenantId; readonly sessionId: SessionId } | undefined
  readonly cookie: string | undefined
  readonly refreshToken: string | undefined
}

/** Asked again, or without a session, it is done already. */
export async function logout(deps: Pick<Deps, 'store' | 'now'>, request: Logout): Promise<Result<undefined>> {
  const { bearer, cookie, refreshToken } = request
  if (bearer === undefined && cookie === undefined && refreshToken === undefined) return ok(undefined)
  return await deps.store.write(async (tx) => {
    for (const session of await namedBy(tx, request)) await endSessionRow(tx, session, 'logout', deps.now())
    return ok(undefined)
  })
}

async function namedBy(tx: Tx, { bearer, cookie, refreshToken }: Logout): Promise<readonly Session[]> {
  const named = [
    bearer && (await sessionOf(tx, bearer.tenantId, bearer.sessionId)),
    cookie === undefined ? undefined : await sessionByCookie(tx, hashOf(cookie)),
    refreshToken === undefined ? undefined : await sessionByRefreshToken(tx, hashOf(refreshToken)),
  ]
  return named.filter((session) => session !== undefined)
}
