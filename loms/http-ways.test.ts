//! How an order may be paid and delivered, at the doors of loms' resources: what is no way is refused before there is an order.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { ProductId, Sku } from '../contracts/ids.ts'
import { paymentMethods } from '../contracts/order-request.ts'
import type { Http } from '../runtime/http.ts'
import { ask } from '../tests/harness/ask.ts'
import { as } from '../tests/harness/doors.ts'
import { changingNothing } from '../tests/harness/rows.ts'
import { httpDoor } from './doors.fixture.ts'
import { callOf, type Loms, lomsInMemory, violations } from './fixture.ts'
import { putProduct } from './store/catalog.ts'

let loms: Loms
let app: Http

beforeEach(async () => {
  loms = await lomsInMemory([[1, 1, 20]])
  const product = { sku: 1 as Sku, productId: 'prod_123' as ProductId, name: 'Tea', price: 1500_00 }
  const { tenantId } = callOf(loms)
  await loms.store.write((tx) =>
    putProduct(tx, { tenantId, ...product, currency: 'UAH', weightGrams: 100, withdrawn: false, version: 1 }),
  )
  loms.others.wallets.set('7', 10_000_00)
  app = httpDoor(loms)
})
afterEach(async () => {
  expect(await violations(loms)).toEqual([])
  await loms.store.close()
})

const address = { city: 'Kyiv', address: 'Khreshchatyk 1', phone: '+380991234567' }
const two = { items: [{ product_id: 'prod_123', quantity: 2 }] }
const place = (who = 'customer-7', more: object = {}) =>
  ask(app, 'POST', '/api/v1/orders', {
    body: { ...two, shipping_address: address, payment_method: 'liqpay', ...more },
    headers: as(who),
  })
const buy = (body: object = two, who = 'customer-7') =>
  ask(app, 'POST', '/api/v1/order', { body, headers: as(who) })

const pathsOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => [
  status,
  (body.errors as { path: string }[] | undefined)?.map(({ path }) => path),
]
test('what is no way to pay or to deliver is refused at its path, and nothing is stored', async () => {
  const asked: readonly (readonly [wrong: object, path: string])[] = [
    [{ payment_method: 'banana' }, '/payment_method'],
    [{ payment_method: 'rpc' }, '/payment_method'],
    [{ delivery: { method: 'teleport' } }, '/delivery/method'],
  ]
  for (const [wrong, path] of asked)
    expect(pathsOf(await changingNothing(loms, () => place('customer-7', wrong)))).toEqual([400, [path]])
  const teleported = { ...two, delivery: { method: 'teleport' } }
  expect(pathsOf(await changingNothing(loms, () => buy(teleported)))).toEqual([400, ['/delivery/method']])
})

test('a courier is not sent without an address, said here or of the order', async () => {
  const delivery = { method: 'courier' }
  const nowhere = { delivery, shipping_address: undefined }
  for (const asking of [() => place('customer-7', nowhere), () => buy({ ...two, delivery })])
    expect(pathsOf(await changingNothing(loms, asking))).toEqual([400, ['/delivery/address']])
  expect((await place('customer-7', { delivery })).status).toBe(201)
  expect((await place('customer-7', { ...nowhere, delivery: { ...delivery, address } })).status).toBe(201)
})

test('an address is refused where nobody is found or called', async () => {
  const wrong: readonly (readonly [object, path: string])[] = [
    [{ city: ' ' }, '/delivery/address/city'],
    [{ address: '\n' }, '/delivery/address/address'],
    ...['     ', '-----', '+', '☎☎☎☎☎'].map((phone) => [{ phone }, '/delivery/address/phone'] as const),
  ]
  for (const [part, path] of wrong) {
    const delivery = { method: 'courier', address: { ...address, ...part } }
    for (const asking of [() => place('customer-7', { delivery }), () => buy({ ...two, delivery })])
      expect(pathsOf(await changingNothing(loms, asking))).toEqual([400, [path]])
  }
  const shipping_address = { ...address, phone: '?' }
  const told = await changingNothing(loms, () => place('customer-7', { shipping_address }))
  expect(pathsOf(told)).toEqual([400, ['/shipping_address/phone']])
})

test('every provider and every carrier is taken', async () => {
  const one = { items: [{ sku: 1, quantity: 1 }] }
  for (const payment_method of paymentMethods.filter((method) => method !== 'wallet'))
    expect((await place('customer-7', { ...one, payment_method })).body).toMatchObject({ payment_method })
  for (const method of ['nova_poshta', 'meest', 'ukrposhta', 'justin'])
    expect((await place('customer-8', { ...one, delivery: { method, address } })).body).toMatchObject({
      delivery: { method, address },
    })
})
