//! An account: who somebody is to the shop, and how what they say of themselves changes.
import type { TenantId, UserId } from '../../contracts/ids.ts'
import type { AccountRole } from '../../contracts/roles.ts'
import type { Instant } from '../../contracts/time.ts'
import { emailKeyOf } from './login.ts'

export type Contact = {
  readonly name: string | undefined
  readonly email: string | undefined
  readonly phone: string | undefined
}

export type Account = Contact & {
  readonly id: UserId
  readonly tenantId: TenantId
  readonly login: string
  /** That the address is theirs was shown to us by a provider that they signed in with. */
  readonly emailVerified: boolean
  readonly role: AccountRole
  /** Absent where they sign in with a provider only. */
  readonly passwordHash: string | undefined
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

/** `undefined` leaves a field as it is, `null` removes it. */
export type Edit = { readonly [K in keyof Contact]?: string | null | undefined }

/** The account after the edit, or undefined where nothing differs. A new address is not verified. */
export function edit(account: Account, changes: Edit, at: Instant): Account | undefined {
  const next = (field: keyof Contact) =>
    changes[field] === undefined ? account[field] : (changes[field] ?? undefined)
  const [name, email, phone] = [next('name'), next('email'), next('phone')]
  if (name === account.name && email === account.email && phone === account.phone) return undefined
  const isSameAddress =
    email !== undefined && account.email !== undefined && emailKeyOf(email) === emailKeyOf(account.email)
  return {
    ...account,
    name,
    email,
    phone,
    emailVerified: account.emailVerified && isSameAddress,
    updatedAt: at,
  }
}
