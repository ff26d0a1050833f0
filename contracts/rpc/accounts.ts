//! What the other services may ask `accounts`.
import { Type } from '@sinclair/typebox'
import { AccountRoleSchema } from '../roles.ts'
import { Int64Schema } from '../scalars.ts'
import { defineRpc } from './define.ts'

/** How to call and reach a user. Refused with `user_not_found`. */
export const GetProfile = defineRpc({
  service: 'accounts',
  method: 'GetProfile',
  request: Type.Object({ user_id: Int64Schema }),
  reply: Type.Object({
    name: Type.Optional(Type.String()),
    email: Type.Optional(Type.String()),
    phone: Type.Optional(Type.String()),
  }),
  idempotent: true,
  timeoutMs: 2000,
})

/**
 * A short access token for a session cookie. It is good for `expires_in` seconds, 60 at most, and may be kept that long.
 * Refused with `unauthenticated` where the cookie is of no session, or of one that has ended.
 */
export const ExchangeSession = defineRpc({
  service: 'accounts',
  method: 'ExchangeSession',
  request: Type.Object({ session: Type.String({ minLength: 1, maxLength: 256 }) }),
  reply: Type.Object({
    access_token: Type.String({ maxLength: 4096 }),
    expires_in: Type.Integer({ minimum: 1 }),
    user_id: Int64Schema,
    role: AccountRoleSchema,
  }),
  // A second token does no harm.
  idempotent: true,
  timeoutMs: 2000,
})
