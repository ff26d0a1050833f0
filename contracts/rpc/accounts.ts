//! What the other services may ask `accounts`.
import { Type } from '@sinclair/typebox'
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
