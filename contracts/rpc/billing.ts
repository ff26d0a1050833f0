//! What the other services may ask `billing`. An order has one hold at most, for ever, so its id is the key of every step.
import { Type } from '@sinclair/typebox'
import { Int64Schema } from '../scalars.ts'
import { defineRpc } from './define.ts'

const orderFields = { order_id: Int64Schema }
/** Whose order it is; what somebody else has set aside under its number is then left alone (`hold_differs`). */
const ownedFields = { ...orderFields, user_id: Type.Optional(Int64Schema) }
const Amount = Type.Integer({ minimum: 1, description: 'minor units' })

/**
 * Sets money of the user's wallet aside for the order. Asked again, the first answer is given. Refused with
 * `insufficient_funds`, which is kept as the order's answer too, with `hold_closed` where the hold was voided
 * before it was made, and with `hold_differs` where another user or amount was set aside for the order.
 */
export const HoldFunds = defineRpc({
  service: 'billing',
  method: 'HoldFunds',
  request: Type.Object({ ...orderFields, user_id: Int64Schema, amount: Amount, currency: Type.String() }),
  reply: Type.Object({ state: Type.Union([Type.Literal('held'), Type.Literal('captured')]) }),
  idempotent: true,
  timeoutMs: 3000,
})

/** Turns the order's hold into a charge. Refused with `hold_not_found` and, where it was voided, with `hold_closed`. */
export const CaptureHold = defineRpc({
  service: 'billing',
  method: 'CaptureHold',
  request: Type.Object(ownedFields),
  reply: Type.Object({}),
  idempotent: true,
  timeoutMs: 3000,
})

/**
 * Gives the held money back. Where there is no hold yet, it is written down that there will be none: a hold that
 * arrives late is refused. Refused with `hold_captured`: then only a refund gives money back.
 */
export const VoidHold = defineRpc({
  service: 'billing',
  method: 'VoidHold',
  request: Type.Object(ownedFields),
  reply: Type.Object({}),
  idempotent: true,
  timeoutMs: 3000,
})
