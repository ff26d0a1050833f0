//! Who a caller can be: the roles that an account has, and the one that is nobody's account.
import { Type } from '@sinclair/typebox'

/** What an account may be. An `admin` may do what a `courier` may; everybody may what a `customer` may with what is theirs. */
export const accountRoles = ['customer', 'admin', 'courier'] as const
export type AccountRole = (typeof accountRoles)[number]

/** `service`: one of our own processes. */
export type Role = AccountRole | 'service'

export const AccountRoleSchema = Type.Union(accountRoles.map((role) => Type.Literal(role)))
