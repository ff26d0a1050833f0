//! For tests: billing and delivery as loms sees them. Every question and every answer is checked against the contract.
import { fail, ok, type Result } from '../contracts/errors.ts'
import { CaptureHold, HoldFunds, VoidHold } from '../contracts/rpc/billing.ts'
import type { RequestOf } from '../contracts/rpc/define.ts'
import { CancelDelivery, MakeDelivery } from '../contracts/rpc/delivery.ts'
import { StandIn } from '../tests/harness/stand-in.ts'

export type Method = 'HoldFunds' | 'CaptureHold' | 'VoidHold' | 'MakeDelivery' | 'CancelDelivery'
type Hold = { state: 'held' | 'captured' | 'refused' | 'closed'; userId: string; amount: number }

export class Others extends StandIn<Method> {
  /** What can be spent, by user. */
  readonly wallets = new Map<string, number>()
  readonly holds = new Map<string, Hold>()
  readonly deliveries = new Map<string, 'queued' | 'refused' | 'closed' | 'of another'>()
  deliverable = true

  constructor() {
    super([HoldFunds, CaptureHold, VoidHold, MakeDelivery, CancelDelivery])
  }

  /** What the shop has taken from the user: captured, and not given back. */
  charged(userId: number): number {
    return this.#sum(userId, 'captured')
  }

  held(userId: number): number {
    return this.#sum(userId, 'held')
  }

  #sum(userId: number, state: Hold['state']): number {
    const theirs = [...this.holds.values()].filter((hold) => hold.userId === String(userId))
    return theirs.filter((hold) => hold.state === state).reduce((sum, { amount }) => sum + amount, 0)
  }

  protected override answer(method: Method, request: never): Result<unknown> {
    switch (method) {
      case 'HoldFunds':
        return this.#hold(request)
      case 'CaptureHold':
        return this.#capture(request)
      case 'VoidHold':
        return this.#void(request)
      case 'MakeDelivery':
        return this.#deliver(request)
      case 'CancelDelivery':
        if (this.deliveries.get(orderOf(request)) === 'of another') return fail('delivery_differs')
        this.deliveries.set(orderOf(request), 'closed')
        return ok({})
    }
  }

  #hold(request: RequestOf<typeof HoldFunds>): Result<unknown> {
    const [order, userId, { amount }] = [orderOf(request), String(request.user_id), request]
    const known = this.holds.get(order)
    const isAsked = known?.userId === userId && known.amount === amount
    if (known !== undefined && known.userId !== nobody && !isAsked) return fail('hold_differs')
    if (known?.state === 'refused') return fail('insufficient_funds')
    if (known?.state === 'closed') return fail('hold_closed')
    if (known !== undefined) return ok({ state: known.state })
    const left = (this.wallets.get(userId) ?? 0) - amount
    this.holds.set(order, { state: left < 0 ? 'refused' : 'held', userId, amount })
    if (left < 0) return fail('insufficient_funds')
    this.wallets.set(userId, left)
    return ok({ state: 'held' })
  }

  #capture(request: RequestOf<typeof CaptureHold>): Result<unknown> {
    const hold = this.holds.get(orderOf(request))
    if (hold === undefined) return fail('hold_not_found')
    if (isOfAnother(hold, request)) return fail('hold_differs')
    if (hold.state === 'closed' || hold.state === 'refused') return fail('hold_closed')
    hold.state = 'captured'
    return ok({})
  }

  #void(request: RequestOf<typeof VoidHold>): Result<unknown> {
    const order = orderOf(request)
    const hold = this.holds.get(order) ?? { state: 'closed', userId: nobody, amount: 0 }
    if (isOfAnother(hold, request)) return fail('hold_differs')
    if (hold.state === 'captured') return fail('hold_captured')
    if (hold.state === 'held')
      this.wallets.set(hold.userId, (this.wallets.get(hold.userId) ?? 0) + hold.amount)
    this.holds.set(order, { ...hold, state: 'closed' })
    return ok({})
  }

  #deliver(request: RequestOf<typeof MakeDelivery>): Result<unknown> {
    const order = orderOf(request)
    const known = this.deliveries.get(order) ?? (this.deliverable ? 'queued' : 'refused')
    this.deliveries.set(order, known)
    if (known === 'closed') return fail('delivery_closed')
    if (known === 'of another') return fail('delivery_differs')
    if (known === 'refused') return fail('delivery_refused', { reason: 'nowhere' })
    return ok({ shipment_id: `shp_${order}` })
  }
}

/** Called off before anybody had asked for it. */
const nobody = '0'
const isOfAnother = ({ userId }: Hold, { user_id: asked }: { user_id?: number | string }) =>
  userId !== nobody && asked !== undefined && String(asked) !== userId

const orderOf = ({ order_id }: { order_id: number | string }) => String(order_id)
