//! The race for the last piece: a hundred buyers at once, one piece, over HTTP. Exactly one of them gets it.
import { expect, test } from 'bun:test'
import { startSystem } from '../harness/system.ts'
import { roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { settled, shopOf } from './shop.ts'

const trials = roundsOf(200)
const buyers = 100
const single = 2010

test(
  `in ${trials} races of ${buyers} buyers for one piece exactly one of each wins`,
  async () => {
    await using system = await startSystem({ seed: true })
    const shop = shopOf(system)
    const startedAt = performance.now()
    for (let trial = 0; trial < trials; trial += 1) {
      const replies = await Promise.all(
        Array.from({ length: buyers }, (_, user) =>
          shop.create({ user: user + 1, items: [{ sku: single, count: 1 }] }, { keepAlive: true }),
        ),
      )
      const winners = replies.filter(({ status }) => status === 200)
      const losers = replies.filter(
        ({ status, body }) => status === 412 && body.code === 'insufficient_stock',
      )
      expect({ trial, winners: winners.length, losers: losers.length }).toEqual({
        trial,
        winners: 1,
        losers: buyers - 1,
      })
      // The piece goes back for the next race; the last one is sold.
      const orderID = winners[0]?.body.orderID
      const end = trial === trials - 1 ? shop.pay : shop.cancel
      expect((await end({ orderID })).status).toBe(200)
    }
    const seconds = (performance.now() - startedAt) / 1_000
    expect((await shop.stock({ sku: single })).body).toEqual({ count: 0 })

    const { ok, output, counts, ms } = await settled(system)
    expect(ok ? '' : output).toBe('')
    expect(counts).toMatchObject({
      orders: trials * buyers,
      'orders confirmed': 1,
      'orders cancelled': trials - 1,
      'orders failed': trials * (buyers - 1),
    })
    counted(
      10,
      { races: trials, buyers: trials * buyers, 'pieces sold': trials },
      { 'a race': Math.round((seconds * 1_000) / trials), settled: Math.round(ms) },
    )
  },
  timeoutMsOf(trials, 500),
)
