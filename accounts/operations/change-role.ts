//! `change-role`: what an account may do from now on.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { AccountRole } from '../../contracts/roles.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import type { Account } from '../domain/account.ts'
import { lockAccount, lockAdmins, putRole } from '../store/users.ts'

export type ChangeRole = { readonly userId: UserId; readonly role: AccountRole }

/**
 * Tokens that were made before keep the role that they were made with until they expire, 15 minutes at most; every token
 * that is made from now on has the new one. Refused with `user_not_found`, and with `last_admin` where nobody
 * would be left who may give it.
 */
export async function changeRole(
  { store, now }: Pick<Deps, 'store' | 'now'>,
  call: Call,
  { userId, role }: ChangeRole,
): Promise<Answer<Omit<Account, 'passwordHash'>>> {
  return await store.write((tx) =>
    once(tx, call, now(), async (): Promise<Result<Omit<Account, 'passwordHash'>>> => {
      // Two admins who take the role from each other come one after the other.
      const admins = role === 'admin' ? [] : await lockAdmins(tx, call.tenantId)
      const known = await lockAccount(tx, call.tenantId, userId)
      if (known === undefined) return fail('user_not_found')
      const isLast = known.role === 'admin' && role !== 'admin' && admins.every((id) => id === userId)
      if (isLast) return fail('last_admin')
      if (known.role !== role) await putRole(tx, known, role, now())
      const { passwordHash: _, ...account } = known
      return ok({ ...account, role })
    }),
  )
}
