//! `refresh-session`: the next pair of tokens for the refresh token of a session.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { judgeRefresh, type Session } from '../domain/session.ts'
import { derivedSecret, hashOf, newSecret } from '../secrets.ts'
import { endSessionRow, lockRefreshToken, putNextToken, putReplayed } from '../store/sessions.ts'
import { accountOf } from '../store/users.ts'

export type Refreshed = {
  readonly session: Session
  readonly account: Account
  readonly refreshToken: string
}

/**
 * A token makes one successor: within ten seconds the last one is taken once more and makes the same again, for a client
 * that lost its answer or asked twice at once. Any other that comes back was stolen, from or by whoever brings it, and
 * the session ends; what was used before the last `usedTokensMax` is unknown. Refused with `refresh_token_invalid`.
 */
export async function refreshSession(
  deps: Pick<Deps, 'store' | 'now'>,
  request: { readonly refreshToken: string },
): Promise<Result<Refreshed>> {
  const hash = hashOf(request.refreshToken)
  const newSalt = newSecret()
  return await deps.store.write(async (tx) => {
    const found = await lockRefreshToken(tx, hash)
    const now = deps.now()
    if (found === undefined) return fail('refresh_token_invalid')
    const { session, token, salt } = found
    const verdict = judgeRefresh(session, token, now)
    if (verdict === 'end') await endSessionRow(tx, session, 'refresh_reused', now)
    if (verdict === 'end' || verdict === 'refuse') return fail('refresh_token_invalid')

    const account = await accountOf(tx, session.tenantId, session.userId)
    if (account === undefined) throw new Error(`the session ${session.id} is of an account that is not there`)
    const refreshToken = derivedSecret(request.refreshToken, salt)
    if (verdict === 'rotate') {
      await putNextToken(tx, session, hash, { hash: hashOf(refreshToken), salt: newSalt }, now)
    } else {
      await putReplayed(tx, hash, token.usedAt ?? now)
    }
    return ok({ session, account, refreshToken })
  })
}
