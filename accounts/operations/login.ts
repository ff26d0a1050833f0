//! `login`: a session for whoever knows the password.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { rangeOf } from '../domain/address.ts'
import { loginKeyOf } from '../domain/login.ts'
import { hashOf } from '../secrets.ts'
import { sessionByCookie, wasSeenFrom } from '../store/sessions.ts'
import { accountByLogin, lockAccount, putPassword } from '../store/users.ts'
import { type Opened, openSession } from './open-session.ts'

export type Login = {
  readonly login: string
  readonly password: string
  readonly address: string
  /** The session cookie that came along. */
  readonly cookie: string | undefined
}

export type SignedIn = Opened & { readonly account: Account }

type LoginDeps = Pick<Deps, 'store' | 'now' | 'newId' | 'sessionMs' | 'passwords' | 'limits'>

/**
 * Refused with `wrong_credentials`, in the same words and the same time whether the login or the password is the wrong
 * one, and with `too_many_requests` before anything is hashed.
 */
export async function login(deps: LoginDeps, call: Call, request: Login): Promise<Result<SignedIn>> {
  const { password, address, cookie } = request
  // What may be no login is tried like one that nobody has.
  const loginKey = loginKeyOf(request.login) ?? `no login: ${request.login}`
  const { account, browser, isKnownRange } = await find(deps, call, loginKey, request)
  const tried = { address, tenantId: call.tenantId, loginKey, browser, isKnownRange }
  const isRight = await deps.limits.login(tried, () => deps.passwords.verify(password, account?.passwordHash))
  if (!isRight.ok) return isRight
  if (!isRight.value || account === undefined) return fail('wrong_credentials')

  const { passwordHash = '' } = account
  const hash = deps.passwords.isOutdated(passwordHash) ? await deps.passwords.hash(password) : undefined
  const signedIn = await deps.store.write(async (tx) => {
    // Held, so that whoever changes the password comes before and is seen, or after and ends this session too.
    const current = await lockAccount(tx, account.tenantId, account.id)
    if (current === undefined || current.passwordHash !== passwordHash) return undefined
    if (hash !== undefined) await putPassword(tx, current, hash, deps.now())
    return { ...(await openSession(tx, deps, current, { address, cookie })), account: current }
  })
  // Changed, or hashed anew, since it was looked at: what was right has to be right once more.
  return signedIn === undefined ? await login(deps, call, request) : ok(signedIn)
}

/** The account, and whether it knows who asks. Both are looked up in the same steps for a login that nobody has. */
async function find(
  { store }: Pick<Deps, 'store'>,
  { tenantId }: Call,
  loginKey: string,
  { address, cookie }: Login,
) {
  return await store.read(async (tx) => {
    const account = await accountByLogin(tx, tenantId, loginKey)
    const userId = account?.id ?? (0n as Account['id'])
    const isKnownRange = await wasSeenFrom(tx, { tenantId, userId }, rangeOf(address))
    const former = cookie === undefined ? undefined : await sessionByCookie(tx, hashOf(cookie))
    const isOwn = former !== undefined && former.userId === userId && former.tenantId === tenantId
    return { account, browser: isOwn ? former.id : undefined, isKnownRange }
  })
}
