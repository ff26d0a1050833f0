//! Money that moves while the good data is made: every user has some, and orders hold it, spend it and get it back.
import { CaptureHold, HoldFunds, VoidHold } from '../../contracts/rpc/billing.ts'
import type { ReplyOf, RequestOf, RpcMethod } from '../../contracts/rpc/define.ts'
import { GetOrderState } from '../../contracts/rpc/loms.ts'
import { orderIdOf } from '../../contracts/scalars.ts'
import { callOf, Stage } from '../../runtime/rpc/rpc.fixture.ts'
import type { TestSystem } from '../harness/system.ts'
import type { TokenIssuer } from '../harness/tokens.ts'

export type Money = AsyncDisposable & {
  hold(order: unknown, user: number): Promise<void>
  capture(order: unknown): Promise<void>
  /** As another service does for an order that waits for its money. */
  charge(order: unknown, expected: 200 | 402): Promise<void>
}

const users = [1, 2, 3, 4]
/** Of no order that loms knows. */
const foreign = 1_000_000

/** Fills wallets, and calls one hold off before and one after it was made. */
export async function moveMoney(system: TestSystem, issuer: TokenIssuer): Promise<Money> {
  const stage = new Stage()
  const rpc = stage.client(stage.side(system.natsUrl))
  const ask = async <M extends RpcMethod>(method: M, request: RequestOf<M>): Promise<ReplyOf<M>> => {
    const answer = await rpc.ask(method, callOf(5_000, { caller: 'service' }), request)
    if (!answer.ok) throw new Error(`${method.subject} was refused: ${answer.error.code}`)
    return answer.value
  }
  const idOf = (order: unknown) => ({ order_id: String(orderIdOf(order as number | string)) })
  const hold = async (order: unknown, user: number) =>
    void (await ask(HoldFunds, { ...idOf(order), user_id: user, amount: 10_00, currency: 'UAH' }))
  const capture = async (order: unknown) => void (await ask(CaptureHold, idOf(order)))
  const post = async (path: string, body: unknown, authorization = '') => {
    const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await fetch(`${system.url('billing')}${path}`, init)).status
  }
  const expectStatus = async (expected: number, answering: Promise<number>) => {
    const status = await answering
    if (status !== expected) throw new Error(`billing answered ${status} and not ${expected}`)
  }

  const charge = async (order: unknown, expected: number) => {
    const { user_id, total = 0 } = await ask(GetOrderState, idOf(order))
    const body = { ...idOf(order), user_id, amount: total / 100 }
    await expectStatus(expected, post('/internal/api/v1/payment', body))
  }

  for (const user of users)
    await expectStatus(200, post('/api/v1/account', { amount: '1000.00' }, await issuer.bearer({ user })))
  await hold(foreign, 4)
  await ask(VoidHold, idOf(foreign))
  await ask(VoidHold, idOf(foreign + 1))
  return { hold, capture, charge, [Symbol.asyncDispose]: () => stage.clear() }
}
