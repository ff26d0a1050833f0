//! The calls that customers of the sweep make: those of any shop, and with their token those that move their money.
import type { TestSystem } from '../../harness/system.ts'
import type { TokenIssuer, TokenOwner } from '../../harness/tokens.ts'
import { type CallOptions, get, post, type Reply, type Shop, shopOf } from '../shop.ts'

/** A call of an account. `user` says whose. */
type OwnCall = (user: number, body: unknown, options?: CallOptions) => Promise<Reply>

export type Till = Shop & {
  readonly topUp: OwnCall
  /** An order that is paid from the wallet. */
  readonly buy: OwnCall
  /** Calls off an order that may be paid. */
  callOff(user: number, orderId: number, options?: CallOptions): Promise<Reply>
  /** What is in the wallet. */
  account(user: number): Promise<Reply>
  /** A courier takes an order along. */
  send(orderId: number, options?: CallOptions): Promise<Reply>
}

const courier = { user: 1_000_000, role: 'courier' } as const

export function tillOf(system: Pick<TestSystem, 'url'>, { bearer }: Pick<TokenIssuer, 'bearer'>): Till {
  const as = async (
    who: number | TokenOwner,
    service: string,
    path: string,
    body: unknown,
    options?: CallOptions,
  ) => {
    const authorization = await bearer(typeof who === 'number' ? { user: who } : who)
    return await post(`${system.url(service)}${path}`, body, { ...options, authorization })
  }
  return {
    ...shopOf(system),
    topUp: (user, body, options) => as(user, 'billing', '/api/v1/account', body, options),
    buy: (user, body, options) => as(user, 'loms', '/api/v1/order', body, options),
    callOff: (user, orderId, options) => as(user, 'loms', `/api/v1/orders/${orderId}/cancel`, {}, options),
    account: async (user) => {
      const authorization = await bearer({ user })
      return await get(`${system.url('billing')}/api/v1/account`, { authorization })
    },
    send: (orderId, options) => as(courier, 'delivery', '/api/v1/order/sent', { order_id: orderId }, options),
  }
}
