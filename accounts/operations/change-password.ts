//! `change-password`: a new password for whoever knows the old one.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { passwordProblem } from '../domain/password.ts'
import type { SessionId } from '../domain/session.ts'
import { endOtherSessions } from '../store/sessions.ts'
import { accountOf, putPassword } from '../store/users.ts'

export type ChangePassword = {
  readonly userId: UserId
  /** The session that goes on; every other one ends. */
  readonly sessionId: SessionId | undefined
  readonly currentPassword: string
  readonly newPassword: string
  readonly address: string
}

type ChangeDeps = Pick<Deps, 'store' | 'now' | 'passwords' | 'limits'>

/** Refused with `wrong_credentials` as `login` is, and as slowly: a stolen token is no way to guess. */
export async function changePassword(
  deps: ChangeDeps,
  call: Call,
  request: ChangePassword,
): Promise<Result<undefined>> {
  const { tenantId } = call
  const { userId, sessionId, currentPassword, newPassword, address } = request
  const account = await deps.store.read((tx) => accountOf(tx, tenantId, userId))
  if (account === undefined) return fail('user_not_found')
  const problem = passwordProblem(newPassword, [account.login, account.email ?? '', account.name ?? ''])
  if (problem !== undefined)
    return fail('invalid_argument', { errors: [{ path: '/new_password', message: problem }] })

  // Counted by the session: whoever has stolen it has no other, from however many places they ask.
  const tried = { address, tenantId, loginKey: `user ${userId}`, browser: sessionId, isKnownRange: true }
  const isRight = await deps.limits.login(tried, () =>
    deps.passwords.verify(currentPassword, account.passwordHash),
  )
  if (!isRight.ok) return isRight
  if (!isRight.value) return fail('wrong_credentials')

  const hash = await deps.passwords.hash(newPassword)
  return await deps.store.write(async (tx) => {
    if (!(await putPassword(tx, account, hash, deps.now()))) return fail('wrong_credentials')
    await endOtherSessions(tx, { tenantId, userId }, sessionId, 'password', deps.now())
    return ok(undefined)
  })
}
