//! The stories. Each step asks a service, shows the answer and the facts that follow, and checks what it has told.
import { demoProducts, demoSkus, demoWarehouses } from '../seed/shop.ts'
import type { FollowedFacts, SeenFact } from './facts.ts'
import type { Customer, Shop } from './shop.ts'
import { priceOf, type Teller } from './teller.ts'

export type Stage = { readonly teller: Teller; readonly shop: Shop; readonly facts: FollowedFacts }

/** What the second story leaves behind for the third. */
export type Scarce = {
  readonly sku: number
  readonly name: string
  readonly count: number
  /** The order that Taras has made and not paid. */
  readonly orderId: number
  readonly payBy: string
}

type Json = Readonly<Record<string, unknown>>

/** Longer than this nobody watches a clock; the order is called off instead. */
const patienceMs = 15_000
const token = 'testtoken'

/** Asks, shows what came back, and ends the story where the status is not the one that was told. */
async function ask(
  { teller, shop }: Stage,
  service: string,
  path: string,
  body: Json,
  expected = 200,
): Promise<Json> {
  const response = await fetch(`${shop.url(service)}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const reply = (await response.json()) as Json
  teller.exchange({ service, path, body, status: response.status, reply })
  if (response.status !== expected)
    throw new Error(`${service} answered ${response.status} where ${expected} was told`)
  return reply
}

const available = async (stage: Stage, sku: number) =>
  Number((await ask(stage, 'loms', '/stock/info', { sku })).count)

/** The next fact about the order, told in a line. */
async function fact(
  { teller, facts }: Stage,
  type: string,
  orderId: number,
  timeoutMs?: number,
): Promise<SeenFact> {
  const seen = await facts.next(type, String(orderId), timeoutMs)
  teller.fact(seen.type, `order ${seen.key}: ${wordsOf(seen)}`)
  return seen
}

function wordsOf({ type, data }: SeenFact): string {
  const lines = (data.lines ?? []) as readonly { sku: number; warehouse_id: number; count: number }[]
  const places = lines.map(({ sku, warehouse_id, count }) => {
    const name = demoWarehouses.find(({ id }) => id === BigInt(warehouse_id))?.name
    return `${count} × ${sku} in ${name ?? `warehouse ${warehouse_id}`}`
  })
  const shortages = (data.shortages ?? []) as readonly { sku: number; wanted: number; available: number }[]
  const total = typeof data.total === 'number' ? `, ${priceOf(data.total)}` : ''
  switch (type) {
    case 'order.created':
      return `${data.status}${total}, to be paid by ${data.pay_by}`
    case 'order.rejected':
      return shortages.map((one) => `${one.wanted} × ${one.sku} wanted, ${one.available} there`).join('; ')
    case 'order.cancelled':
      return `${data.previous_status} → ${data.status}, reason: ${data.reason}`
    case 'order.confirmed':
      return `${data.previous_status} → ${data.status}${total}`
    default:
      return places.join('; ')
  }
}

/** What the customer was told about the order, once it is so much; newest first. */
async function notices(stage: Stage, { user, name }: Customer, orderId: number, statuses: readonly string[]) {
  stage.teller.step(`What was ${name} told?`)
  const endsAt = performance.now() + 10_000
  const told = async () => {
    const response = await fetch(`${stage.shop.url('notifier')}/history`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user }),
    })
    const { messages } = (await response.json()) as { messages: { order_id: number; status: string }[] }
    return messages.filter(({ order_id }) => order_id === orderId)
  }
  // A notice follows its fact in its own time.
  while ((await told()).length < statuses.length && performance.now() < endsAt) await Bun.sleep(20)
  const reply = await ask(stage, 'notifier', '/history', { user })
  const found = (reply.messages as { order_id: number; status: string }[]).filter(
    ({ order_id }) => order_id === orderId,
  )
  stage.teller.check(
    JSON.stringify(found.map(({ status }) => status)) === JSON.stringify(statuses),
    `each change once, the newest first: ${statuses.join(', ')}`,
  )
}

/** The first story: from the catalogue to a paid order. */
export async function buy(stage: Stage): Promise<void> {
  const { teller, shop } = stage
  const { name, user } = shop.customers.olena
  const [coffee, tea] = [demoSkus.popular, demoSkus.oneWarehouse]
  const [coffeeCount, teaCount] = [2, 1]
  teller.story('A purchase', `${name} (user ${user}) buys coffee and tea.`)

  teller.step('What does it cost?')
  const coffeeOffer = await ask(stage, 'catalog', '/get_product', { token, sku: coffee })
  const teaOffer = await ask(stage, 'catalog', '/get_product', { token, sku: tea })
  for (const offer of [coffeeOffer, teaOffer])
    teller.check(Number(offer.price) > 0, `${offer.name}: ${priceOf(Number(offer.price))}`)

  teller.step('How much of it can be bought?')
  const before = [await available(stage, coffee), await available(stage, tea)] as const

  teller.step('Into the cart, which holds nothing back from anybody.')
  await ask(stage, 'cart', '/cart/item/add', { user, sku: coffee, count: coffeeCount })
  await ask(stage, 'cart', '/cart/item/add', { user, sku: tea, count: teaCount })
  const cart = await ask(stage, 'cart', '/cart/list', { user })
  const total = coffeeCount * Number(coffeeOffer.price) + teaCount * Number(teaOffer.price)
  teller.check(cart.totalPrice === total, `the cart comes to ${priceOf(total)}`)

  teller.step('Checkout: cart asks loms for one order of it all, and loms reserves the stock.')
  const orderId = Number((await ask(stage, 'cart', '/cart/checkout', { user })).orderID)
  await fact(stage, 'order.created', orderId)
  await fact(stage, 'stock.reserved', orderId)
  const placed = await ask(stage, 'loms', '/order/info', { orderID: orderId })
  teller.check(
    placed.status === 'awaiting payment',
    `order ${orderId} waits for its payment; facts call that pending`,
  )

  teller.step('She pays, and what was reserved is sold.')
  await ask(stage, 'loms', '/order/pay', { orderID: orderId })
  await fact(stage, 'order.confirmed', orderId)
  const paid = await ask(stage, 'loms', '/order/info', { orderID: orderId })
  teller.check(paid.status === 'payed', `order ${orderId} is payed; facts call that confirmed`)

  teller.step('And the stock?')
  const after = [await available(stage, coffee), await available(stage, tea)] as const
  teller.check(
    // Others may buy in a shop that runs already.
    shop.isOwn
      ? before[0] - after[0] === coffeeCount && before[1] - after[1] === teaCount
      : before[0] - after[0] >= coffeeCount && before[1] - after[1] >= teaCount,
    `coffee ${before[0]} → ${after[0]}, tea ${before[1]} → ${after[1]}`,
  )
  await notices(stage, shop.customers.olena, orderId, ['payed', 'awaiting payment'])
}

/** The second story: two want the last piece. */
export async function refuse(stage: Stage): Promise<Scarce> {
  const { teller, shop } = stage
  const { olena, taras } = shop.customers
  teller.story(
    'Two want the last piece',
    `${olena.name} and ${taras.name} have the same thing in their carts.`,
  )

  teller.step('How many are there?')
  const { sku, count } = await findScarce(stage)
  const name = String((await ask(stage, 'catalog', '/get_product', { token, sku })).name)
  teller.check(count > 0, `${name}: ${count} left`)

  teller.step('Both put it into their carts: it is there, so neither is refused.')
  await ask(stage, 'cart', '/cart/item/add', { user: olena.user, sku, count })
  await ask(stage, 'cart', '/cart/item/add', { user: taras.user, sku, count })

  teller.step(`${taras.name} is the first to check out.`)
  const orderId = Number((await ask(stage, 'cart', '/cart/checkout', { user: taras.user })).orderID)
  const created = await fact(stage, 'order.created', orderId)
  await fact(stage, 'stock.reserved', orderId)
  teller.check((await available(stage, sku)) === 0, 'nothing is left for others')

  teller.step(`${olena.name} comes too late: the refusal names her order, and every line that is short.`)
  const refused = await ask(stage, 'cart', '/cart/checkout', { user: olena.user }, 412)
  const failed = Number(refused.orderID)
  await fact(stage, 'order.rejected', failed)
  teller.check(
    refused.code === 'insufficient_stock',
    'refused for want of stock, with a code that programs can read',
  )
  const info = await ask(stage, 'loms', '/order/info', { orderID: failed })
  teller.check(info.status === 'failed', `her order ${failed} is kept as failed`)
  const cart = await ask(stage, 'cart', '/cart/list', { user: olena.user })
  teller.check(JSON.stringify(cart.items).includes(`"sku":${sku}`), 'her cart is as it was')
  await notices(stage, olena, failed, ['failed'])
  return { sku, name, count, orderId, payBy: String(created.data.pay_by) }
}

/** Something of which so little is left that one order can take it all: the last cezve, or what else a used shop has. */
async function findScarce(stage: Stage): Promise<{ sku: number; count: number }> {
  const few = demoProducts
    .map(({ sku, stock }) => ({ sku, onHand: stock.reduce((sum, { onHand }) => sum + onHand, 0) }))
    .filter(({ onHand }) => onHand > 0 && onHand < 1_000)
    .toSorted((a, b) => a.onHand - b.onHand)
  for (const sku of [demoSkus.single, ...few.map((product) => product.sku)]) {
    const count = await available(stage, sku)
    if (count > 0) return { sku, count }
  }
  throw new Error('everything of which there was little is sold')
}

/** The third story: nobody pays, and the stock comes back by itself. */
export async function leaveUnpaid(stage: Stage, { sku, name, count, orderId, payBy }: Scarce): Promise<void> {
  const { teller, shop } = stage
  const { olena, taras } = shop.customers
  teller.story('Nobody pays', `${taras.name} has ordered ${name} and forgets about it.`)

  const waitMs = Date.parse(payBy) - Date.now()
  const isWatched = waitMs < patienceMs
  if (isWatched) {
    teller.step(`Nothing is asked; loms itself watches the clock until ${payBy}.`)
    const cancelled = await fact(stage, 'order.cancelled', orderId, patienceMs + 5_000)
    const lateMs = Date.parse(String(cancelled.data.moment)) - Date.parse(payBy)
    teller.check(lateMs >= 0 && lateMs <= 1_000, `called off ${lateMs} ms after its deadline`)
  } else {
    teller.step(`This shop would wait until ${payBy}; so that we need not, he calls it off himself.`)
    await ask(stage, 'loms', '/order/cancel', { orderID: orderId })
    await fact(stage, 'order.cancelled', orderId)
  }
  await fact(stage, 'stock.released', orderId)

  teller.step('What was reserved can be bought again.')
  const info = await ask(stage, 'loms', '/order/info', { orderID: orderId })
  teller.check(info.status === 'cancelled', `order ${orderId} is cancelled`)
  teller.check((await available(stage, sku)) === count, `${count} of it can be bought`)
  await notices(stage, taras, orderId, ['cancelled', 'awaiting payment'])

  teller.step(`${olena.name} still has it in her cart, and tries again.`)
  const second = Number((await ask(stage, 'cart', '/cart/checkout', { user: olena.user })).orderID)
  await fact(stage, 'order.created', second)
  await fact(stage, 'stock.reserved', second)
  teller.check(second > 0, `order ${second} is hers, if she pays in time`)
}
