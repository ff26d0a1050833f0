//! `edit-profile`: what the owner says of themselves.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import type { Answer, Call } from '../../runtime/call.ts'
import { once } from '../../runtime/idempotency.ts'
import type { Deps } from '../deps.ts'
import { type Account, type Edit, edit } from '../domain/account.ts'
import { lockAccount, putProfile } from '../store/users.ts'

export type EditProfile = Edit & { readonly userId: UserId }

/** The account as it is afterwards. Refused with `user_not_found`. */
export async function editProfile(
  { store, now }: Pick<Deps, 'store' | 'now'>,
  call: Call,
  { userId, ...changes }: EditProfile,
): Promise<Answer<Omit<Account, 'passwordHash'>>> {
  return await store.write((tx) =>
    once(tx, call, now(), async (): Promise<Result<Omit<Account, 'passwordHash'>>> => {
      const known = await lockAccount(tx, call.tenantId, userId)
      if (known === undefined) return fail('user_not_found')
      const edited = edit(known, changes, now())
      if (edited !== undefined) await putProfile(tx, edited)
      const { passwordHash: _, ...account } = edited ?? known
      return ok(account)
    }),
  )
}
