//! `finish-sign-in`: a session for whoever comes back from a provider.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { TenantId } from '../../contracts/ids.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { loginKeyOf } from '../domain/login.ts'
import type { Who } from '../providers.ts'
import { hashOf, newSecret, proofsOf } from '../secrets.ts'
import type { Tx } from '../store/schema.ts'
import { takeSignIn } from '../store/sign-ins.ts'
import { accountByIdentity, accountByVerifiedEmail, putIdentity } from '../store/users.ts'
import { type Opened, openSession } from './open-session.ts'
import { putAccount } from './put-account.ts'

export type FinishSignIn = {
  readonly provider: string
  /** What the provider put into the address that it sent the browser back to. */
  readonly answer: URLSearchParams
  /** What `start-sign-in` left with the browser. */
  readonly browser: string | undefined
  readonly cookie: string | undefined
  readonly address: string
}

type FinishDeps = Pick<Deps, 'store' | 'now' | 'newId' | 'announce' | 'sessionMs' | 'providers'>

/**
 * Once for each start, by the browser that started, within ten minutes. Refused with `provider_not_found` and
 * `sign_in_failed`.
 */
export async function finishSignIn(
  deps: FinishDeps,
  call: Call,
  request: FinishSignIn,
): Promise<Result<Opened & { readonly account: Account }>> {
  const { provider: name, answer, browser, cookie, address } = request
  const provider = deps.providers.get(name)
  if (provider === undefined) return fail('provider_not_found')
  const state = answer.get('state')
  if (state === null || browser === undefined) return fail('sign_in_failed')
  const wanted = { stateHash: hashOf(state), browserHash: hashOf(browser), provider: name }
  const started = await deps.store.write((tx) => takeSignIn(tx, wanted))
  if (started === undefined || started.expiresAt <= deps.now()) return fail('sign_in_failed')

  const who = await provider.finish(proofsOf(state, browser), answer)
  const open = () =>
    deps.store.write(async (tx) => {
      const account = await accountFor(tx, deps, { ...call, tenantId: started.tenantId }, name, who)
      return ok({ ...(await openSession(tx, deps, account, { address, cookie })), account })
    })
  return await open().catch((error: unknown) => {
    if (!(error instanceof AnotherWasQuicker)) throw error
    // What it made is there now, and is found.
    return open()
  })
}

/** The same person signs in for the first time twice at once; thrown, so that nothing of the slower is left. */
class AnotherWasQuicker extends Error {}

/** Theirs from before, or one that has shown us the same address, or a new one. */
async function accountFor(
  tx: Tx,
  deps: FinishDeps,
  call: Call & { readonly tenantId: TenantId },
  provider: string,
  who: Who,
): Promise<Account> {
  const { tenantId } = call
  const theirs = await accountByIdentity(tx, tenantId, who)
  if (theirs !== undefined) return theirs
  // An address counts only where both sides know it: whoever registers with somebody else's gets nothing of theirs.
  const same =
    who.emailVerified && who.email !== undefined
      ? await accountByVerifiedEmail(tx, tenantId, who.email)
      : undefined
  const account = same ?? (await putAccount(tx, deps, call, newAccount(tenantId, provider, who, deps.now())))
  if (account === undefined || !(await putIdentity(tx, account, who, deps.now())))
    throw new AnotherWasQuicker('another sign-in of the same person was quicker')
  return account
}

function newAccount(tenantId: TenantId, provider: string, who: Who, now: Account['createdAt']) {
  // Nobody types it: it has to be free, and to tell nothing about them.
  const login = `${provider}-${newSecret()
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, 12)}`
  const { name, email, emailVerified } = who
  const contact = { name, email, emailVerified, phone: undefined }
  return {
    tenantId,
    login,
    loginKey: loginKeyOf(login) ?? login,
    role: 'customer' as const,
    passwordHash: undefined,
    ...contact,
    createdAt: now,
    updatedAt: now,
  }
}
