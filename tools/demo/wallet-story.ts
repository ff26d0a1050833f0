//! The fourth story (documents D and E): a customer with an account and a wallet, through the one public door.
import { demoSkus } from '../seed/shop.ts'
import type { Stage } from './stories.ts'
import type { Exchange } from './teller.ts'
import { priceOf } from './teller.ts'

type Json = Readonly<Record<string, unknown>>
type Asked = { readonly method?: 'GET' | 'POST'; readonly body?: Json; readonly expected?: number }

const settleMsMax = 10_000
const topUpKopecks = 200_000
/** What nobody should read over a shoulder. */
const hidden = new Set(['password', 'access_token', 'refresh_token'])

const kopecks = (decimal: unknown): number => Math.round(Number(decimal) * 100)

/** Registers, tops up, buys, is refused for want of money and of stock, is told, and leaves. */
export async function buyFromWallet(stage: Stage): Promise<void> {
  const { teller, facts } = stage
  const login = `olena-${Date.now().toString(36)}`
  const password = crypto.randomUUID()
  const sku = demoSkus.popular
  teller.story('From the wallet', `Olena makes an account and buys through the gateway, the one public door.`)
  let bearer: string | undefined

  const ask = async (path: string, { method = 'POST', body, expected = 200 }: Asked = {}): Promise<Json> => {
    const response = await fetch(`${stage.shop.url('gateway')}/api/v1${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    const reply = (text === '' ? {} : JSON.parse(text)) as Json
    const said: Exchange = {
      service: 'gateway',
      method,
      path: `/api/v1${path}`,
      body: body === undefined ? undefined : withoutSecrets(body),
      status: response.status,
      reply: withoutSecrets(reply),
    }
    teller.exchange(said)
    if (response.status !== expected)
      throw new Error(`gateway answered ${response.status} where ${expected} was told`)
    return reply
  }
  const account = () => ask('/account', { method: 'GET' })
  const count = async () => Number((await ask(`/stock/position/${sku}/count`, { method: 'GET' })).count)
  const order = (quantity: number, of: number, expected?: number) =>
    ask('/order', {
      body: { items: [{ sku: of, quantity }], delivery: { method: 'pickup' } },
      ...(expected !== undefined && { expected }),
    })

  teller.step('An account, and a session.')
  await ask('/register', { body: { login, password, name: 'Олена' }, expected: 201 })
  bearer = String((await ask('/login', { body: { login, password } })).access_token)

  teller.step('The wallet that came with the account is empty; she puts money into it.')
  const empty = await account()
  teller.check(empty.balance === '0.00', 'nothing is in it')
  const full = await ask('/account', { body: { amount: (topUpKopecks / 100).toFixed(2) } })
  teller.check(kopecks(full.balance) === topUpKopecks, `now there is ${priceOf(topUpKopecks)}`)

  teller.step('She buys two, to be picked up: reserved, held, queued, confirmed and charged in one call.')
  const before = await count()
  const bought = await order(2, sku)
  const total = kopecks(bought.total)
  teller.check(bought.status === 'confirmed', `order ${bought.id} is confirmed, for ${priceOf(total)}`)
  const confirmed = await facts.next('order.confirmed', String(bought.id))
  teller.fact(
    confirmed.type,
    `order ${confirmed.key}: ${confirmed.data.previous_status} → ${confirmed.data.status}`,
  )
  const spent = await settled(account)
  teller.check(kopecks(spent.balance) === topUpKopecks - total, `${priceOf(kopecks(spent.balance))} are left`)
  teller.check((await count()) === before - 2, 'two pieces fewer are there')

  teller.step('She wants more than she can pay, and something that is sold out.')
  const poor = await order(10, sku, 402)
  teller.check(poor.code === 'insufficient_funds', `order ${poor.order_id} is kept as failed`)
  const late = await order(1, demoSkus.soldOut, 409)
  teller.check(late.code === 'insufficient_stock', `order ${late.order_id} is kept as failed`)
  const after = await settled(account)
  teller.check(after.balance === spent.balance && after.held === '0.00', 'her money is untouched')
  teller.check((await count()) === before - 2, 'and so is the stock')

  teller.step('What was she told, where is her order, and good-bye.')
  const ofMoney = ['user.registered', 'wallet.topped_up', 'wallet.charged']
  const history = await told(() => ask('/notifications', { method: 'GET' }), 5, ofMoney)
  const words = ofOrders(history).map(({ order_id, status }) => `${order_id} ${status}`)
  const expected = [
    `${late.order_id} failed`,
    `${poor.order_id} failed`,
    `${poor.order_id} pending`,
    `${bought.id} confirmed`,
    `${bought.id} pending`,
  ]
  teller.check(words.join() === expected.join(), 'each change once, the newest first')
  const kinds = history.map(({ kind }) => kind)
  teller.check(
    ofMoney.every((kind) => kinds.filter((each) => each === kind).length === 1),
    'and once that she was welcomed, put money in, and paid',
  )
  const delivery = await ask(`/order/${bought.id}/delivery`, { method: 'GET' })
  teller.check(delivery.status === 'queued', 'it waits to be picked up')
  await ask('/logout', { body: {}, expected: 204 })
}

/** The account when nothing is held any more: a charge follows its order at once, and not in the same moment. */
async function settled(account: () => Promise<Json>): Promise<Json> {
  const endsAt = performance.now() + settleMsMax
  for (;;) {
    const now = await account()
    if (now.held === '0.00' || performance.now() > endsAt) return now
    await Bun.sleep(50)
  }
}

type Told = { readonly kind: string; readonly order_id?: string; readonly status?: string }

const ofOrders = (history: readonly Told[]) => history.filter(({ kind }) => kind.startsWith('order.'))

/** What she was told, once that are so many changes of orders and one of each of the others. */
async function told(
  ask: () => Promise<Json>,
  changes: number,
  others: readonly string[],
): Promise<readonly Told[]> {
  const endsAt = performance.now() + settleMsMax
  for (;;) {
    const data = (await ask()).data as Told[]
    const kinds = new Set(data.map(({ kind }) => kind))
    const isAllThere = ofOrders(data).length >= changes && others.every((kind) => kinds.has(kind))
    if (isAllThere || performance.now() > endsAt) return data
    await Bun.sleep(100)
  }
}

function withoutSecrets(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, hidden.has(name) ? '…' : each]),
  )
}
