//! The lives of a NATS server that nobody looks after: in an order of chance its store is deleted, copied and set back to a
//! copy, strangers write into the streams, and services come and go meanwhile. Every fact has its one effect after each, and
//! whoever buys from a wallet has the order or the money.
import { expect, test } from 'bun:test'
import { cp, rm } from 'node:fs/promises'
import { connect } from '@nats-io/transport-node'
import { catalogueRead } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer } from '../harness/tokens.ts'
import { chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { newcomersEnv, newcomersTo } from './newcomers.ts'
import { tillOf } from './nth/till.ts'
import { telling } from './services.ts'
import { type Shop, settled } from './shop.ts'
import { countsOf, missing } from './streams.ts'
import { expectAllPaid, type Paid, startWalletTrade } from './wallet-trade.ts'

const rounds = roundsOf(8, { of: 1 })
const popular = 2001
/** Of the users with wallets, so many for each round. */
const usersOfRound = 10_000

/** One order a user; loms sells without NATS. */
class Customers {
  readonly #shop: Shop
  readonly #statuses: string[][] = []

  constructor(shop: Shop) {
    this.#shop = shop
  }

  async buy(count: number): Promise<void> {
    const first = this.#statuses.length + 1
    await Promise.all(Array.from({ length: count }, (_, index) => this.#buyOne(first + index)))
  }

  async #buyOne(user: number): Promise<void> {
    const statuses = ['awaiting payment']
    this.#statuses[user - 1] = statuses
    const { body } = await this.#shop.create({ user, items: [{ sku: popular, count: 1 }] })
    if (user % 3 === 0) return
    const ending = user % 3 === 1 ? this.#shop.pay : this.#shop.cancel
    expect((await ending({ orderID: body.orderID })).status).toBe(200)
    statuses.unshift(user % 3 === 1 ? 'payed' : 'cancelled')
  }

  async expectTold(): Promise<void> {
    for (const [index, statuses] of this.#statuses.entries()) {
      const { body } = await this.#shop.history({ user: index + 1 })
      const told = (body.messages as { status: string }[]).map(({ status }) => status)
      expect({ user: index + 1, told }).toEqual({ user: index + 1, told: statuses })
    }
  }

  get count(): number {
    return this.#statuses.length
  }
}

/** Nobody acts on it, and all that follows stands one further. */
async function strangerWrites(system: TestSystem): Promise<void> {
  const connection = await connect({ servers: system.natsUrl })
  await connection.request('order.teleported', 'hello', { timeout: 5_000 })
  await connection.close()
}

test(
  `NATS lives through ${rounds} losses, and every fact has its one effect`,
  async () => {
    const chance = chanceOf('lives of NATS')
    const mode = chance.pick(['orchestration', 'choreography'])
    await using issuer = await startTokenIssuer()
    const env = { ...issuer.env, ...newcomersEnv, LOMS_SAGA: mode }
    await using system = await startSystem({ services: telling, seed: true, env })
    const till = tillOf(system, issuer)
    await catalogueRead(system)
    const { storeDir } = system.nats
    const customers = new Customers(till)
    const newcomers = newcomersTo(system)
    const paid: Paid[] = []
    const copies: string[] = []
    let slowestMs = 0
    const done = { copy: 0, lose: 0, 'set back': 0 }

    const copy = async () => {
      await system.kill('nats', 'SIGTERM')
      copies.push(`${storeDir}.${copies.length}`)
      await cp(storeDir, copies.at(-1) ?? '', { recursive: true })
    }
    const lose = async () => {
      await system.kill('nats')
      await rm(storeDir, { recursive: true })
    }
    const setBack = async () => {
      const [first, ...others] = copies
      if (first === undefined) return await lose()
      await lose()
      await cp(chance.pick([first, ...others]), storeDir, { recursive: true })
    }

    for (let round = 1; round <= rounds; round += 1) {
      // A reader that lags, one that is caught up, and one whose process is gone; the same of who announces.
      const away = telling.filter(() => chance.random() < 0.15)
      const paused = away.length === 0 && chance.random() < 0.3
      if (paused) await system.kill('notifier', 'SIGSTOP')
      const wallets = startWalletTrade(till, chance, {
        parallel: 2,
        firstUser: 5_000_000 + round * usersOfRound,
      })
      // Nobody buys where loms is not, so it is the last to go.
      const lagging = away.filter((service) => service !== 'loms')
      await Promise.all(lagging.map((service) => system.kill(service)))
      await customers.buy(chance.between(1, 15))
      if (!away.includes('accounts')) await newcomers.come(chance.between(0, 2))
      if (chance.random() < 0.3) await strangerWrites(system)
      if (chance.random() < 0.5) await Bun.sleep(chance.between(0, 300))
      if (away.includes('loms')) await system.kill('loms')
      const what = chance.pick(['copy', 'lose', 'set back', 'set back'] as const)
      await { copy, lose, 'set back': setBack }[what]()
      done[what === 'set back' && copies.length === 0 ? 'lose' : what] += 1
      if (!away.includes('loms')) await customers.buy(chance.between(0, 10))
      await system.start('nats')
      const startedAt = performance.now()
      await Promise.all(away.map((service) => system.start(service)))
      if (paused) await system.kill('notifier', 'SIGCONT')
      await customers.buy(chance.between(0, 10))
      await newcomers.come(chance.between(0, 2))
      paid.push(...(await wallets.end()))

      const report = await settled(system)
      const ms = Math.round(performance.now() - startedAt)
      slowestMs = Math.max(slowestMs, ms)
      if (!report.ok) console.log(`round ${round} (${mode}, ${what}, away: ${away}, paused: ${paused})`)
      expect(report.ok ? '' : report.output).toBe('')
    }
    await customers.expectTold()
    await expectAllPaid(till, paid)
    expect(await missing(system)).toEqual(countsOf(() => 0))
    counted(
      6,
      {
        'stores deleted': done.lose,
        'stores set back': done['set back'],
        'restarts of NATS': done.copy,
        orders: customers.count,
        'orders from wallets': paid.length,
        accounts: newcomers.count,
      },
      { settled: slowestMs },
    )
  },
  timeoutMsOf(rounds, 15_000),
)
