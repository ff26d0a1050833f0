//! Who a caller can be: the roles that an account has, and the one that is nobody's account.
import { Type } from '@sinclair/typebox'

/** What an account may be. An `admin` may do what a `courier` may; everybody may what a `customer` may with what is theirs. */
export const accountRoles = ['customer', 'admin', 'courier'] as const
export type AccountRole = (typeof accountRoles)[number]

/** `service`: one of our own processes. */
export type Role = AccountRole | 'service'

export const AccountRoleSchema = Type.Union(accountRoles.map((role) => Type.Literal(role)))

/**
 * Who may call. `open`: anybody. `service` and `user` are those of the RPC surfaces, which trust their network on
 * loopback: our own services; a user, or a service in their name. The others always need a token: `signed_in` any
 * account, `courier` a courier, an admin or a service, `admin` an admin or a service.
 */
export type Guard = 'open' | 'service' | 'user' | 'signed_in' | 'courier' | 'admin'

const roles: Record<Guard, readonly Role[]> = {
  open: ['customer', 'courier', 'admin', 'service'],
  service: ['service'],
  user: ['customer', 'courier', 'admin', 'service'],
  signed_in: ['customer', 'courier', 'admin'],
  courier: ['courier', 'admin', 'service'],
  admin: ['admin', 'service'],
}

/** Whether somebody in that role may call what is behind the guard. */
export const mayPass = (role: Role, guard: Guard): boolean => roles[guard].includes(role)
