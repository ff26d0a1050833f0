//! The step that signs an account in: a session with its cookie and its first refresh token.
import { plusMs } from '../../contracts/time.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { rangeOf } from '../domain/address.ts'
import type { Session } from '../domain/session.ts'
import { hashOf, newSecret } from '../secrets.ts'
import type { Tx } from '../store/schema.ts'
import { endSessionRow, putNewSession, sessionByCookie } from '../store/sessions.ts'

export type Opened = {
  readonly session: Session
  /** Both are known to nobody but who is answered. */
  readonly cookie: string
  readonly refreshToken: string
}

export type Opening = {
  readonly address: string
  /** The session that the browser has now: it ends, whosesoever it is. */
  readonly cookie: string | undefined
}

export async function openSession(
  tx: Tx,
  deps: Pick<Deps, 'now' | 'newId' | 'sessionMs'>,
  { tenantId, id: userId }: Pick<Account, 'tenantId' | 'id'>,
  opening: Opening,
): Promise<Opened> {
  const now = deps.now()
  const former = opening.cookie === undefined ? undefined : await sessionByCookie(tx, hashOf(opening.cookie))
  if (former !== undefined) await endSessionRow(tx, former, 'replaced', now)
  const [cookie, refreshToken] = [newSecret(), newSecret()]
  const session: Session = {
    id: deps.newId('session'),
    tenantId,
    userId,
    generation: 0,
    addressRange: rangeOf(opening.address),
    createdAt: now,
    refreshedAt: now,
    expiresAt: plusMs(now, deps.sessionMs),
    endedAt: undefined,
  }
  const hashes = { cookieHash: hashOf(cookie), refreshHash: hashOf(refreshToken), salt: newSecret() }
  await putNewSession(tx, session, hashes)
  return { session, cookie, refreshToken }
}
