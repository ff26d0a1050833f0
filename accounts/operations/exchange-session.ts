//! `exchange-session`: a short access token for a session cookie, for whoever speaks to the other services in its name.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { TenantId } from '../../contracts/ids.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { isLive, type SessionId } from '../domain/session.ts'
import { hashOf, isSecret } from '../secrets.ts'
import { sessionByCookie, sessionOf } from '../store/sessions.ts'
import { accountOf } from '../store/users.ts'
import type { AccessToken } from '../tokens.ts'

/** Whoever holds such a token has checked less than this long ago that the session is live. */
export const exchangedSeconds = 60

/** The cookie, or the session that a valid bearer was made in. */
export type ExchangeSession =
  | { readonly cookie: string }
  | { readonly tenantId: TenantId; readonly sessionId: SessionId }

export type Exchanged = { readonly account: Account; readonly access: AccessToken }

/** Refused with `unauthenticated` where there is no such session, or no more. */
export async function exchangeSession(
  deps: Pick<Deps, 'store' | 'now' | 'makeToken'>,
  request: ExchangeSession,
): Promise<Result<Exchanged>> {
  if ('cookie' in request && !isSecret(request.cookie)) return fail('unauthenticated')
  const found = await deps.store.read(async (tx) => {
    const session =
      'cookie' in request
        ? await sessionByCookie(tx, hashOf(request.cookie))
        : await sessionOf(tx, request.tenantId, request.sessionId)
    if (session === undefined || !isLive(session, deps.now())) return undefined
    const account = await accountOf(tx, session.tenantId, session.userId)
    return account && { session, account }
  })
  if (found === undefined) return fail('unauthenticated')
  const { session, account } = found
  return ok({ account, access: await deps.makeToken(account, session, exchangedSeconds) })
}
