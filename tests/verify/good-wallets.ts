//! Orders from the wallet while the good data is made: each way that one of them can go, and accounts that are registered.
import type { AccountRole } from '../../contracts/roles.ts'
import { demoSkus } from '../../tools/seed/shop.ts'
import { canary } from '../harness/canary.ts'
import type { TestSystem } from '../harness/system.ts'
import type { TokenIssuer } from '../harness/tokens.ts'
import { eventually } from '../journeys/shop.ts'

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> }
type Order = { readonly user: number; readonly sku?: number; readonly pickupPoint?: string }

/** Beyond those of the other trade. */
const [rich, poor] = [21, 22]

/** Delivered, bought, called off after it was paid, refused by delivery, by the wallet and for want of stock. */
export async function buyFromWallets(system: TestSystem, issuer: TokenIssuer): Promise<void> {
  const post = async (
    service: string,
    path: string,
    body: unknown,
    owner?: { user: number; role?: AccountRole },
  ): Promise<Answer> => {
    const authorization = owner && { authorization: await issuer.bearer(owner) }
    const response = await fetch(`${system.url(service)}/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify(body),
    })
    // Ours answer with objects only.
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
  const expectAnswer = async (asked: Promise<Answer>, status: number, code?: string) => {
    const { status: got, body } = await asked
    if (got !== status || body.code !== code) throw new Error(`answered ${got} ${JSON.stringify(body)}`)
    return body
  }
  const order = ({ user, sku = demoSkus.popular, pickupPoint: pickup_point }: Order) => {
    const delivery = { method: 'pickup', ...(pickup_point !== undefined && { pickup_point }) }
    return post('loms', '/order', { items: [{ sku, quantity: 1 }], delivery }, { user })
  }
  const buy = async () => ({ order_id: (await expectAnswer(order({ user: rich }), 200)).id })
  const bring = (step: 'sent' | 'received', asked: unknown) =>
    // Not before delivery has heard that the order is confirmed.
    eventually(`an order to be ${step}`, async () => {
      const { status } = await post('delivery', `/order/${step}`, asked, { user: 1, role: 'courier' })
      return status === 200 ? true : undefined
    })

  const password = canary('a password of the good data')
  for (const login of ['olena', 'petro'])
    await expectAnswer(post('accounts', '/register', { login, password }), 201)
  await expectAnswer(post('billing', '/account', { amount: '50000.00' }, { user: rich }), 200)
  const delivered = await buy()
  await bring('sent', delivered)
  await bring('received', delivered)
  await buy()
  const { order_id: regretted } = await buy()
  await expectAnswer(post('loms', `/orders/${regretted}/cancel`, {}, { user: rich }), 200)
  await expectAnswer(order({ user: rich, pickupPoint: 'nowhere' }), 409, 'delivery_refused')
  await expectAnswer(order({ user: poor }), 402, 'insufficient_funds')
  await expectAnswer(order({ user: rich, sku: demoSkus.soldOut }), 409, 'insufficient_stock')
}
