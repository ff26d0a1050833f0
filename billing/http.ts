//! billing over HTTP: what a user sees and does with their wallet, and what our services charge to it.
import { Type } from '@sinclair/typebox'
import { type Failure, fail } from '../contracts/errors.ts'
import type { UserId } from '../contracts/ids.ts'
import { defaultCurrency, type Money, toDecimal } from '../contracts/money.ts'
import {
  AmountSchema,
  amountOf,
  DecimalSchema,
  IdParams,
  listOf,
  listReply,
  pageOf,
  pageQuery,
} from '../contracts/rest.ts'
import { Int64Schema, orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { mapAnswer } from '../runtime/call.ts'
import { createHttp, type Http, type HttpDeps, type Identity } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import { signed, visibleKinds } from './domain/ledger.ts'
import { type Balance, topUpMax, walletMax } from './domain/wallet.ts'
import { chargeOrder } from './operations/charge-order.ts'
import { getAccount } from './operations/get-account.ts'
import { getTransactions } from './operations/get-transactions.ts'
import { lookUpAccount } from './operations/look-up-account.ts'
import { topUp } from './operations/top-up.ts'
import type { Transaction } from './store/wallets.ts'

const Account = Type.Object(
  {
    balance: DecimalSchema,
    held: DecimalSchema,
    currency: Type.String(),
  },
  { examples: [{ balance: '1250.00', held: '120.00', currency: 'UAH' }] },
)

const Change = Type.Object({
  id: Type.String(),
  kind: Type.Union(visibleKinds.map((kind) => Type.Literal(kind))),
  amount: DecimalSchema,
  order_id: Type.Optional(Type.String()),
  moment: Type.String({ description: 'RFC 3339' }),
})

const inMajor = (amount: number) =>
  toDecimal({ amount: amount as Money['amount'], currency: defaultCurrency })

export function http(deps: Deps, httpDeps: HttpDeps): Http {
  const app = createHttp(httpDeps)
  account(app, deps)
  payment(app, deps)
  return app
}

function account(app: Http, deps: Deps): void {
  const tags = ['account']

  app.get('/api/v1/account', {
    summary: 'What I have in my wallet',
    description:
      '`balance` is what can be spent; `held` is set aside for orders that are on their way. The first look opens the wallet.',
    tags,
    guard: 'signed_in',
    reply: Account,
    run: async (call, { identity }) =>
      mapAnswer(await getAccount(deps, call, { userId: userOf(identity) }), accountReply),
  })

  app.post('/api/v1/account', {
    summary: 'Top my wallet up',
    description: `From 0.01 to ${inMajor(topUpMax)} at once, and no more than ${inMajor(walletMax)} in the wallet. Free in development; elsewhere a payment provider is needed.`,
    tags,
    guard: 'signed_in',
    body: Type.Object({ amount: AmountSchema }, { examples: [{ amount: '250.00' }] }),
    reply: Account,
    refusals: ['top_up_needs_provider', 'wallet_full'],
    changesState: true,
    run: async (call, body, { identity }) => {
      const amount = amountOf(body.amount, defaultCurrency)
      if (amount === undefined) return tooFine
      return mapAnswer(await topUp(deps, call, { userId: userOf(identity), amount }), accountReply)
    },
  })

  app.get('/api/v1/account/transactions', {
    summary: 'What changed how much I have',
    description: 'The newest first. All amounts together are `balance` and `held`.',
    tags,
    guard: 'signed_in',
    query: Type.Object(pageQuery),
    reply: listOf(Change),
    run: async (call, { identity, query }) => {
      const page = pageOf(query)
      const history = await getTransactions(deps, call, { userId: userOf(identity), page })
      return mapAnswer(history, ({ transactions, total }) =>
        listReply(transactions.map(changeReply), page, total),
      )
    },
  })

  app.get('/api/v1/users/:id/account', {
    summary: 'What a user has in their wallet',
    tags,
    guard: 'admin',
    params: IdParams,
    reply: Account,
    refusals: ['user_not_found'],
    run: async (call, { params }) =>
      mapAnswer(await lookUpAccount(deps, call, { userId: userIdOf(params.id) }), accountReply),
  })
}

function payment(app: Http, deps: Deps): void {
  app.post('/internal/api/v1/payment', {
    summary: 'Charge an order to its user’s wallet',
    description:
      'Once per order, however often it is asked: its own user, what loms says that it costs, as long as it waits for money. loms hears of it and confirms the order; where that has been paid or called off meanwhile, the money is given back. Too little money is the answer for this order for ever. An order whose money is held is charged once it is confirmed; one from the wallet is charged by its own saga.',
    tags: ['payment'],
    guard: 'service',
    body: Type.Object(
      { order_id: Int64Schema, user_id: Int64Schema, amount: AmountSchema },
      { examples: [{ order_id: 1, user_id: 1, amount: '120.00' }] },
    ),
    reply: Type.Object(
      {
        payment_id: Type.String(),
        order_id: Type.String(),
        status: Type.Literal('succeeded'),
        amount: DecimalSchema,
        currency: Type.String(),
      },
      {
        examples: [
          { payment_id: 'pay_1', order_id: '1', status: 'succeeded', amount: '120.00', currency: 'UAH' },
        ],
      },
    ),
    refusals: [
      'order_not_found',
      'order_not_payable',
      'total_changed',
      'insufficient_funds',
      'hold_closed',
      'hold_differs',
    ],
    changesState: true,
    run: async (call, body) => {
      const amount = amountOf(body.amount, defaultCurrency)
      if (amount === undefined) return tooFine
      if (amount.amount === 0) return nothing
      const orderId = orderIdOf(body.order_id)
      const charged = await chargeOrder(deps, call, { orderId, userId: userIdOf(body.user_id), amount })
      return mapAnswer(charged, ({ paymentId }) => ({
        payment_id: paymentId,
        order_id: String(orderId),
        status: 'succeeded' as const,
        amount: toDecimal(amount),
        currency: amount.currency,
      }))
    },
  })
}

const wrongAmount = (message: string): Failure =>
  fail('invalid_argument', { errors: [{ path: '/amount', message }] })
const tooFine = wrongAmount('must have at most two decimals')
const nothing = wrongAmount('must be more than nothing')

/** The guard lets nobody through who has no account. */
function userOf({ userId }: Identity): UserId {
  if (userId === undefined) throw new Error('somebody without an account was let in')
  return userId
}

const accountReply = ({ available, held }: Balance) => ({
  balance: toDecimal(available),
  held: toDecimal(held),
  currency: available.currency,
})

const changeReply = ({ id, kind, amount, orderId, moment }: Transaction) => ({
  id,
  kind,
  amount: toDecimal(signed(kind, amount)),
  ...(orderId !== undefined && { order_id: String(orderId) }),
  moment: toRfc3339(moment),
})
