//! Deadlines while loms is killed: an unpaid order is called off in time, once, and whoever was told that it is paid has it.
import { expect, test } from 'bun:test'
import { startSystem } from '../harness/system.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Shop, settled, shopOf } from './shop.ts'

const rounds = roundsOf(4, { of: 100 })
const ordersARound = 20
const windowMs = 1_000
/** An unpaid order is called off within a second of its deadline. */
const lateMsMax = 1_500
const popular = 2001

type Sold = { readonly user: number; readonly orderID: unknown; readonly paid: boolean | 'unknown' }

/** Places an order and tries to pay it once, somewhere around its deadline. */
async function payLate(shop: Shop, user: number, chance: Chance): Promise<Sold | undefined> {
  const created = await shop.create({ user, items: [{ sku: popular, count: 1 }] }).catch(() => undefined)
  if (created?.status !== 200) return undefined
  const { orderID } = created.body
  await Bun.sleep(chance.between(windowMs - 300, windowMs + 200))
  const paid = await shop.pay({ orderID }).catch(() => undefined)
  if (paid?.status === 200) return { user, orderID, paid: true }
  if (paid?.body.code === 'order_not_payable') return { user, orderID, paid: false }
  return { user, orderID, paid: 'unknown' }
}

test(
  `in ${rounds} rounds of orders that are paid at their deadline while loms is killed, each ends once`,
  async () => {
    const chance = chanceOf('expiry')
    await using system = await startSystem({
      seed: true,
      env: { LOMS_PAYMENT_WINDOW_SECONDS: String(windowMs / 1_000) },
    })
    const shop = shopOf(system)
    const sold: Sold[] = []
    for (let round = 0; round < rounds; round += 1) {
      const paying = Array.from({ length: ordersARound }, async (_, index) => {
        await Bun.sleep(chance.between(0, 100))
        return await payLate(shop, round * ordersARound + index + 1, chance)
      })
      await Bun.sleep(chance.between(windowMs - 200, windowMs + 300))
      await system.kill('loms')
      await system.start('loms')
      sold.push(...(await Promise.all(paying)).filter((each) => each !== undefined))
    }

    // The last deadlines are just over.
    const endsAt = performance.now() + lateMsMax
    let report = await settled(system)
    while (report.counts['orders pending'] !== undefined && performance.now() < endsAt)
      report = await settled(system)
    expect(report.ok ? '' : report.output).toBe('')
    expect(report.counts['orders pending']).toBeUndefined()
    const endings = { payed: 0, cancelled: 0 }
    for (const { user, orderID, paid } of sold) {
      const { status } = (await shop.info({ orderID })).body as { status: keyof typeof endings }
      const allowed = paid === 'unknown' ? ['payed', 'cancelled'] : [paid ? 'payed' : 'cancelled']
      expect({ user, status, fits: allowed.includes(status) }).toEqual({ user, status, fits: true })
      endings[status] += 1
      const told = (await shop.history({ user })).body.messages as { status: string }[]
      expect({ user, told: told.map((each) => each.status) }).toEqual({
        user,
        told: [status, 'awaiting payment'],
      })
    }
    const unknown = sold.filter(({ paid }) => paid === 'unknown').length
    counted(4, {
      kills: rounds,
      'orders at their deadline': sold.length,
      'of those paid': endings.payed,
      'of those expired': endings.cancelled,
      'answers lost': unknown,
    })
  },
  timeoutMsOf(rounds, 10_000),
)
