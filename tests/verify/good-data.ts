//! A shop's data in which everything has happened: made by the real services, settled, stopped and kept in a folder.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { adminSubject } from '../../runtime/messages/admin.ts'
import { services } from '../../tools/verify/options.ts'
import { type Reply, type Shop, settled, shopOf } from '../faults/shop.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { eventually } from '../journeys/shop.ts'
import { type Money, moveMoney } from './good-money.ts'
import { buyFromWallets } from './good-wallets.ts'

export type GoodData = AsyncDisposable & { readonly dataDir: string }

const popular = 2001
const single = 2010

export async function makeGoodData(): Promise<GoodData> {
  await using issuer = await startTokenIssuer()
  const env = { CART_CHECKOUT_WINDOW_SECONDS: '1', ...issuer.env }
  await using system = await startSystem({ services, seed: true, env })
  await trade(system, issuer)
  const report = await settled(system, 20_000)
  if (!report.ok) throw new Error(`the data set did not settle:\n${report.output}`)
  for (const service of services) await system.kill(service, 'SIGTERM')
  const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-good-data-'))
  await cp(system.dataDir, dataDir, { recursive: true })
  return { dataDir, [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) }
}

async function trade(system: TestSystem, issuer: TokenIssuer): Promise<void> {
  const shop = shopOf(system)
  await using money = await moveMoney(system, issuer)
  const buy = async (user: number, key?: string) => {
    await done(shop.add({ user, sku: popular, count: 2 }))
    await done(shop.add({ user, sku: popular + 1, count: 1 }, { key: `add-${user}` }))
    return (await done(shop.checkout({ user }, key === undefined ? {} : { key }))).orderID
  }
  const [one, two] = [await buy(1, 'one'), await buy(2, 'two')]
  // Charged when it is paid, given back when it is called off, and held as long as it waits.
  for (const [order, user] of [
    [one, 1],
    [two, 2],
  ] as const)
    await money.hold(order, user)
  await money.capture(two)
  await done(shop.pay({ orderID: one }, { key: 'pay-one' }))
  await done(shop.cancel({ orderID: two }))
  await money.hold(await buy(3), 3)
  for (const key of ['four', 'again'])
    await done(shop.create({ user: 4, items: [{ sku: popular, count: 1 }] }, { key }))
  // Refused: somebody else takes the last piece while it is in the cart.
  await done(shop.add({ user: 5, sku: single, count: 1 }))
  await done(shop.create({ user: 6, items: [{ sku: single, count: 1 }] }))
  await refused(shop.checkout({ user: 5 }, { key: 'five' }), 'insufficient_stock')
  // Long before its poison: nothing that was told of it may come behind that.
  const poisoned = await buy(7, 'seven')
  await buyFromWallets(system, issuer)
  // What came into the wallet is enough for the one, and not for the other.
  const charged = await done(shop.create({ user: 4, items: [{ sku: popular, count: 1 }] }))
  await money.charge(charged.orderID, 200)
  await becomes(shop, charged, 'payed')
  const dear = await done(shop.create({ user: 4, items: [{ sku: popular, count: 2 }] }))
  await money.charge(dear.orderID, 402)
  await done(shop.cancel(dear))
  await payTwice(system, money)
  await poison(system, poisoned)
  await expireAndAbandon(system)
}

async function done(reply: Promise<Reply>): Promise<Reply['body']> {
  const { status, body } = await reply
  if (status !== 200) throw new Error(`answered ${status}: ${JSON.stringify(body)}`)
  return body
}

async function refused(reply: Promise<Reply>, code: string): Promise<void> {
  const { body } = await reply
  if (body.code !== code) throw new Error(`not refused with ${code}: ${JSON.stringify(body)}`)
}

async function becomes(shop: Shop, order: Reply['body'], status: string): Promise<void> {
  const { orderID } = order
  await eventually(`order ${orderID} to be ${status}`, async () =>
    (await done(shop.info({ orderID }))).status === status ? true : undefined,
  )
}

/** Charged and marked as paid by another: what loms hears of the charge waits behind a poison until then. */
async function payTwice(system: TestSystem, money: Money): Promise<void> {
  const shop = shopOf(system)
  const { orderID } = await done(shop.create({ user: 3, items: [{ sku: popular, count: 1 }] }))
  const connection = await connect({ servers: system.natsUrl })
  const id = await put(connection, 'payment.completed', String(orderID))
  await money.charge(orderID, 200)
  await done(shop.pay({ orderID }))
  await eventually('the poison to be put aside', async () => {
    const skipped = await connection.request(adminSubject('loms', 'skip'), JSON.stringify({ id }))
    return skipped.json<{ ok: boolean }>().ok ? true : undefined
  })
  await connection.close()
}

/** A fact that cannot be read, by its id. */
async function put(connection: NatsConnection, type: string, key: string): Promise<string> {
  const id = `evt_poison_${type}_${key}`
  const about = headers()
  about.set('ce-id', id)
  about.set('ce-type', type)
  about.set('ce-subject', key)
  await connection.request(type, '{"cut off": ', { headers: about, timeout: 5_000 })
  return id
}

/** A fact of the order that cannot be read, and a real one that waits behind it; and one of each other stream. */
async function poison(system: TestSystem, orderId: unknown): Promise<void> {
  const connection = await connect({ servers: system.natsUrl })
  await put(connection, 'order.confirmed', String(orderId))
  for (const type of [
    'product.changed',
    'wallet.held',
    'wallet.charged',
    'shipment.updated',
    'user.registered',
  ])
    await put(connection, type, 'nobody')
  await connection.close()
  await done(shopOf(system).pay({ orderID: orderId }))
}

/** loms is away for a checkout until its time is over, and comes back with little patience for one order. */
async function expireAndAbandon(system: TestSystem): Promise<void> {
  const shop = shopOf(system)
  await done(shop.add({ user: 8, sku: popular, count: 1 }))
  await system.kill('loms')
  await refused(shop.checkout({ user: 8 }, { key: 'eight' }), 'unavailable')
  await system.start('loms', { LOMS_PAYMENT_WINDOW_SECONDS: '1' })
  const { orderID } = await done(shop.create({ user: 9, items: [{ sku: popular, count: 3 }] }))
  await becomes(shop, { orderID }, 'cancelled')
}
