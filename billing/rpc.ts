//! What billing answers the other services over NATS.
import { type Failure, fail, ok, type Result } from '../contracts/errors.ts'
import { type Currency, exponents, type Money, money } from '../contracts/money.ts'
import { CaptureHold, HoldFunds, VoidHold } from '../contracts/rpc/billing.ts'
import type { RequestOf } from '../contracts/rpc/define.ts'
import { orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { handle, type RpcHandler } from '../runtime/rpc.ts'
import type { Deps } from './deps.ts'
import { captureHold } from './operations/capture-hold.ts'
import { holdFunds } from './operations/hold-funds.ts'
import { voidHold } from './operations/void-hold.ts'

export const rpcHandlers = (deps: Deps): RpcHandler[] => [
  handle(HoldFunds, async (call, request) => {
    const amount = moneyOf(request)
    if (amount === undefined) return unknownCurrency
    const held = await holdFunds(deps, call, {
      orderId: orderIdOf(request.order_id),
      userId: userIdOf(request.user_id),
      amount,
    })
    return held.ok ? ok({ state: held.value }) : held
  }),

  handle(CaptureHold, async (call, request) => done(await captureHold(deps, call, ownedOf(request)))),

  handle(VoidHold, async (call, request) => done(await voidHold(deps, call, ownedOf(request)))),
]

const ownedOf = ({ order_id, user_id }: RequestOf<typeof VoidHold>) => ({
  orderId: orderIdOf(order_id),
  userId: user_id === undefined ? undefined : userIdOf(user_id),
})

const done = (result: Result<void>): Result<Record<never, never>> => (result.ok ? ok({}) : result)

const unknownCurrency: Failure = fail('invalid_argument', {
  errors: [{ path: '/currency', message: `must be one of ${Object.keys(exponents).join(', ')}` }],
})

function moneyOf({ amount, currency }: { amount: number; currency: string }): Money | undefined {
  return Object.hasOwn(exponents, currency) ? money(amount, currency as Currency) : undefined
}
