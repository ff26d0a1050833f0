//! The step that writes a new account and announces it, whoever asked for it.
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { userRegistered } from '../facts.ts'
import type { Tx } from '../store/schema.ts'
import { type NewAccount, putNewAccount } from '../store/users.ts'

/** Undefined, and nothing written, where the login or the verified address is another's. */
export async function putAccount(
  tx: Tx,
  deps: Pick<Deps, 'announce'>,
  call: Call,
  account: NewAccount,
): Promise<Account | undefined> {
  const made = await putNewAccount(tx, account)
  if (made !== undefined) await deps.announce(tx, call, [userRegistered(made)])
  return made
}
