//! Money that moves while the good data is made: every user has some, and orders hold it, spend it and get it back.
import { CaptureHold, HoldFunds, VoidHold } from '../../contracts/rpc/billing.ts'
import type { RequestOf, RpcMethod } from '../../contracts/rpc/define.ts'
import { orderIdOf } from '../../contracts/scalars.ts'
import { callOf, Stage } from '../../runtime/rpc/rpc.fixture.ts'
import type { TestSystem } from '../harness/system.ts'
import type { TokenIssuer } from '../harness/tokens.ts'

export type Money = AsyncDisposable & {
  hold(order: unknown, user: number): Promise<void>
  capture(order: unknown): Promise<void>
}

const users = [1, 2, 3, 4]
/** Of no order that loms knows: another service charges for them. */
const foreign = 1_000_000

/** Fills wallets, charges one, refuses another, and calls one hold off before and one after it was made. */
export async function moveMoney(system: TestSystem, issuer: TokenIssuer): Promise<Money> {
  const stage = new Stage()
  const rpc = stage.client(stage.side(system.natsUrl))
  const ask = async <M extends RpcMethod>(method: M, request: RequestOf<M>) => {
    const answer = await rpc.ask(method, callOf(5_000), request)
    if (!answer.ok) throw new Error(`${method.subject} was refused: ${answer.error.code}`)
  }
  const idOf = (order: unknown) => ({ order_id: String(orderIdOf(order as number | string)) })
  const hold = (order: unknown, user: number) =>
    ask(HoldFunds, { ...idOf(order), user_id: user, amount: 10_00, currency: 'UAH' })
  const capture = (order: unknown) => ask(CaptureHold, idOf(order))
  const post = async (path: string, body: unknown, authorization = '') => {
    const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await fetch(`${system.url('billing')}${path}`, init)).status
  }
  const expectStatus = async (expected: number, answering: Promise<number>) => {
    const status = await answering
    if (status !== expected) throw new Error(`billing answered ${status} and not ${expected}`)
  }

  for (const user of users)
    await expectStatus(200, post('/api/v1/account', { amount: '100.00' }, await issuer.bearer({ user })))
  const pay = (order_id: number, amount: number) =>
    post('/internal/api/v1/payment', { order_id, user_id: 4, amount })
  await expectStatus(200, pay(foreign, 25))
  await expectStatus(402, pay(foreign + 1, 1_000))
  await hold(foreign + 2, 4)
  await ask(VoidHold, idOf(foreign + 2))
  await ask(VoidHold, idOf(foreign + 3))
  return { hold, capture, [Symbol.asyncDispose]: () => stage.clear() }
}
