//! `register`: a new account, with a login and a password of its owner's choice.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { AccountRole } from '../../contracts/roles.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once, storedAnswer } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { Account, Contact } from '../domain/account.ts'
import { loginKeyOf, loginWords, shownLogin } from '../domain/login.ts'
import { passwordProblem } from '../domain/password.ts'
import { accountByLogin, type NewAccount } from '../store/users.ts'
import { putAccount } from './put-account.ts'

export type Register = Contact & {
  readonly login: string
  readonly password: string
  readonly role: AccountRole
  /** Who registers; undefined for one of our services, which may as often as it likes. */
  readonly address: string | undefined
}

/** What an answer may be kept of for repeats: no hash. */
export type Registered = Omit<Account, 'passwordHash'>

type RegisterDeps = Pick<Deps, 'store' | 'now' | 'announce' | 'passwords' | 'limits'>

/** Refused with `login_taken`, whatever the spelling of the login, and with `invalid_argument` for a login or password that may not be one. */
export async function register(
  deps: RegisterDeps,
  call: Call,
  request: Register,
): Promise<Answer<Registered>> {
  const { login, password, role, address, name, email, phone } = request
  const loginKey = loginKeyOf(login)
  const problem = passwordProblem(password, [
    login,
    email ?? '',
    email?.split('@')[0] ?? '',
    name ?? '',
    phone ?? '',
  ])
  const errors = [
    ...(loginKey === undefined ? [{ path: '/login', message: loginWords }] : []),
    ...(problem === undefined ? [] : [{ path: '/password', message: problem }]),
  ]
  if (loginKey === undefined || errors.length > 0) return fail('invalid_argument', { errors })

  // In this order: whoever took the login under the same key has its answer stored by now.
  const holder = await deps.store.read((tx) => accountByLogin(tx, call.tenantId, loginKey))
  const stored = await storedAnswer(deps.store, call)
  if (stored !== undefined) return stored
  const allowed = address === undefined ? ok(undefined) : await deps.limits.register(address)
  if (!allowed.ok) return allowed
  if (holder !== undefined) return fail('login_taken')

  const passwordHash = await deps.passwords.hash(password)
  const now = deps.now()
  const account: NewAccount = {
    tenantId: call.tenantId,
    login: shownLogin(login),
    loginKey,
    role,
    name,
    email,
    phone,
    emailVerified: false,
    passwordHash,
    createdAt: now,
    updatedAt: now,
  }
  return await deps.store.write((tx) =>
    once(tx, call, now, async (): Promise<Result<Registered>> => {
      const made = await putAccount(tx, deps, call, account)
      if (made === undefined) return fail('login_taken')
      const { passwordHash: _, ...registered } = made
      return ok(registered)
    }),
  )
}
