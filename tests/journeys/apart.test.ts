//! Two shops on one machine, each with ports and a folder of its own: what happens in one is nothing to the other.
import { expect, setDefaultTimeout, test } from 'bun:test'
import { startSystem } from '../harness/system.ts'
import { announced, factsOf, orderIdIn, shopOf } from './shop.ts'

setDefaultTimeout(60_000)

test('two systems side by side do not meet', async () => {
  const [user, sku] = [1, 2014]
  const starts = await Promise.allSettled([startSystem({ seed: true }), startSystem({ seed: true })])
  const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  try {
    const [here, there] = started
    if (here === undefined || there === undefined) throw new Error('one of the two did not start')
    const [ours, theirs] = [shopOf(here), shopOf(there)]
    const before = await theirs.available(sku)

    await ours.done('cart', '/cart/item/add', { user, sku, count: 5 })
    const orderID = orderIdIn(await ours.done('cart', '/cart/checkout', { user }))
    await ours.done('loms', '/order/pay', { orderID })
    await factsOf(here, orderID, 3)
    await ours.notices(user, 2)

    expect(await ours.available(sku)).toBe(before - 5)
    expect(await theirs.available(sku)).toBe(before)
    expect(await theirs.ask('loms', '/order/info', { orderID })).toMatchObject({ status: 404 })
    expect(await theirs.history(user)).toEqual([])
    expect(await announced(there)).toEqual([])

    // Nor does one notice when the other goes.
    await here.stop()
    await theirs.done('cart', '/cart/item/add', { user, sku, count: 1 })
    const other = orderIdIn(await theirs.done('cart', '/cart/checkout', { user }))
    expect((await theirs.notices(user, 1)).map(({ order_id }) => order_id)).toEqual([other])
  } finally {
    await Promise.all(started.map((system) => system.stop()))
  }
})
