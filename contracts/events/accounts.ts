//! Every fact `accounts` tells the others.
import { Type } from '@sinclair/typebox'
import { AccountRoleSchema } from '../roles.ts'
import { Int64Schema } from '../scalars.ts'
import { defineEvent, defineStream } from './define.ts'

/** An account was made. It carries nothing by which its owner could be recognised: who needs that, asks. */
export const UserRegistered = defineEvent(
  'user.registered',
  Type.Object({
    user_id: Int64Schema,
    tenant_id: Type.String({ minLength: 1, maxLength: 64 }),
    role: AccountRoleSchema,
    moment: Type.String(),
  }),
)

export const accountsEvents = [UserRegistered] as const
export const accountsStream = defineStream({ service: 'accounts', subjects: ['user.>'] })
