//! Disks that are full or answer with errors: who is refused is told so, what was answered is there, and all goes on when the disk is well again.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { eventually } from '../journeys/shop.ts'
import { type Bought, expectAllServed, insist, skus, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, notCounted } from './counted.ts'
import { type DiskFailure, failDisk, whyNoFailingDisk } from './failing-disk.ts'
import { metricOf } from './quiet.ts'
import { services } from './services.ts'
import { type Reply, type Settled, type Shop, settled, shopOf } from './shop.ts'
import { madeOn, makeSmallVolume, type SmallVolume, whyNoVolumes } from './volumes.ts'

const rounds = roundsOf(1)
/** Whoever sells. */
const doors = ['loms', 'cart'] as const
const noticedMsMax = 10_000
const volumeMegabytes = 64
const probesFrom = 1_000_000_000
/** Those of a test that failed are not taken for those of the next. */
const usersPerTest = 1_000_000

/** A probe that was asked, and how to ask it again until it is done. */
type Probed = { readonly reply: Reply; readonly again: () => Promise<Reply> }

/** A shop each of whose parts has a disk of its own, under trade. */
class ShopOnDisks {
  readonly system: TestSystem
  readonly shop: Shop
  readonly chance: Chance
  readonly volumes: ReadonlyMap<string, SmallVolume>
  readonly #env: Readonly<Record<string, string>>
  readonly #bought: Bought[] = []
  #probes = 0
  #firstUser = 1

  constructor(
    system: TestSystem,
    chance: Chance,
    volumes: ReadonlyMap<string, SmallVolume>,
    env: Readonly<Record<string, string>>,
  ) {
    this.system = system
    this.shop = shopOf(system)
    this.chance = chance
    this.volumes = volumes
    this.#env = env
  }

  volume(name: string): SmallVolume {
    return volumeOf(this.volumes, name)
  }

  /** Such that its next writes find no space. */
  async fill(name: string): Promise<void> {
    if (name !== 'nats') cutLog(databaseOn(this.volume(name), name))
    await this.volume(name).fill()
  }

  /** Trades before, during and after what happens; at the end everybody is served and all adds up. */
  async trade(happens: () => Promise<void>): Promise<Settled> {
    const trade = startTrade(this.shop, this.chance, { parallel: 4, firstUser: this.#firstUser })
    this.#firstUser += usersPerTest
    for (let round = 0; round < rounds; round += 1) {
      await trade.more(5)
      await happens()
      await trade.more(1)
    }
    const bought = await trade.end(10)
    this.#bought.push(...bought)
    const report = await settled(this.system, 10_000, this.#env)
    expect(report.ok ? '' : report.output).toBe('')
    expect(report.counts.orders).toBe(this.#bought.length + this.#probes)
    await expectAllServed(this.shop, bought)
    return report
  }

  /** Asks until it is refused as it should be, and later with the same key until it is done. Answers how to ask again. */
  async untilRefused(door: (typeof doors)[number]): Promise<() => Promise<void>> {
    const asked: (() => Promise<Reply>)[] = []
    const endsAt = performance.now() + noticedMsMax
    for (;;) {
      const { reply, again } = await this.probe(door)
      asked.push(again)
      if (reply.status !== 200) {
        expect(reply).toMatchObject({ status: 503, body: { code: 'unavailable' } })
        break
      }
      if (performance.now() > endsAt) throw new Error(`${door} did not say that it cannot write`)
      // Where every third write fails, a steady rhythm would leave that to the same one of three writers for ever.
      await Bun.sleep(this.chance.between(0, 30))
    }
    return async () => {
      for (const again of asked) await again()
    }
  }

  /** One order, or one thing for one cart. */
  async probe(door: (typeof doors)[number]): Promise<Probed> {
    this.#probes += door === 'loms' ? 1 : 0
    const [sku = 0] = skus
    const user = probesFrom + this.chance.between(0, 1_000_000_000)
    const key = `probe-${user}`
    const [call, body] =
      door === 'loms'
        ? [this.shop.create, { user, items: [{ sku, count: 1 }] }]
        : [this.shop.add, { user, sku, count: 1 }]
    const reply = await call(body, { key })
    return { reply, again: () => insist(call, body, { key, chance: this.chance }) }
  }
}

function volumeOf(volumes: ReadonlyMap<string, SmallVolume>, name: string): SmallVolume {
  const volume = volumes.get(name)
  if (volume === undefined) throw new Error(`${name} has no volume`)
  return volume
}

const databaseOn = ({ path }: SmallVolume, service: string) => `${path}/${service}.sqlite`

/** A log that is used over again from its beginning has room for minutes of trade, however full the disk is. */
function cutLog(path: string): void {
  using database = new Database(path)
  database.exec('PRAGMA busy_timeout = 5000')
  expect(database.query('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 })
}

const whyNoDisks = await whyNoVolumes()
const whyNoErrors = await whyNoFailingDisk()
let on: ShopOnDisks

/** Skipped, and seen to be, where this machine cannot do it. */
function whenever(what: string, whyNot: string | undefined, happens: () => Promise<Counts>): void {
  const name = `${what}: nothing is lost, and all goes on`
  if (whyNot !== undefined) {
    notCounted(7, whyNot)
    test.skip(`${name} (not here: ${whyNot})`, () => undefined)
    return
  }
  const surviveIt = async () => {
    const total: Record<string, number> = {}
    await on.trade(async () => {
      for (const [kind, count] of Object.entries(await happens())) total[kind] = (total[kind] ?? 0) + count
    })
    counted(7, total)
  }
  test(name, surviveIt, timeoutMsOf(rounds, 30_000))
}

type Counts = Readonly<Record<string, number>>

describe.skipIf(whyNoDisks !== undefined)('disks', () => {
  beforeAll(async () => {
    const chance = chanceOf('disk')
    const volumes = new Map<string, SmallVolume>()
    for (const name of [...services, 'nats']) volumes.set(name, await makeSmallVolume(volumeMegabytes))
    const env = Object.fromEntries(
      services.map((service) => [
        `${service.toUpperCase()}_DATABASE_URL`,
        `sqlite:${databaseOn(volumeOf(volumes, service), service)}`,
      ]),
    )
    const start = () => startSystem({ seed: true, env: { ...env, CART_CHECKOUT_WINDOW_SECONDS: '2' } })
    // What does not go by a setting is the store of NATS.
    const system = await madeOn(volumeOf(volumes, 'nats'), start)
    on = new ShopOnDisks(system, chance, volumes, env)
  }, 60_000)
  afterAll(async () => {
    await on.system.stop()
    for (const volume of on.volumes.values()) await volume[Symbol.asyncDispose]()
  })

  for (const door of doors) {
    whenever(`the disk of ${door} is full`, whyNoDisks, async () => {
      await on.fill(door)
      const askAgain = await on.untilRefused(door)
      await Bun.sleep(on.chance.between(0, 500))
      await on.volume(door).free()
      await askAgain()
      return { 'full disks': 1 }
    })
  }

  whenever('the disk of the notifier is full', whyNoDisks, async () => {
    const saidBefore = on.system.logs('notifier').length
    await on.fill('notifier')
    const complaint = async () => on.system.logs('notifier').slice(saidBefore).find(isAboutStore)
    await eventually('the notifier to say that it cannot write', complaint, noticedMsMax)
    await Bun.sleep(on.chance.between(0, 500))
    await on.volume('notifier').free()
    // While it still waits to try again, it would not be heard to complain of the next.
    const freedAt = on.system.logs('notifier').length
    const notice = async () => on.system.logs('notifier').slice(freedAt).find(isNotice)
    await eventually('the notifier to go on', notice, noticedMsMax)
    return { 'full disks': 1 }
  })

  whenever('all disks are full, and a service starts on them', whyNoDisks, async () => {
    await Promise.all([...on.volumes.keys()].map((name) => on.fill(name)))
    const askAgain = await on.untilRefused('loms')
    await on.system.kill('cart')
    // Either it starts and refuses, or it ends and says why; the runner would try again until there is space.
    const failure = await on.system.start('cart').then(
      () => undefined,
      (error: Error) => error.message,
    )
    if (failure !== undefined) expect(failure).toContain('cart: cannot start: database or disk is full')
    await Promise.all([...on.volumes.values()].map((volume) => volume.free()))
    if (failure !== undefined) await on.system.start('cart')
    const restarts = await restartNatsWhereItHangs()
    await askAgain()
    return { 'full disks': on.volumes.size, kills: 1, 'restarts of NATS': restarts }
  })

  whenever('the disk of NATS is full', whyNoDisks, async () => {
    await on.fill('nats')
    const unsent = async () => ((await metricOf(on.system, 'loms', 'outbox_unsent')) ?? 0) > 0 || undefined
    await eventually('facts to wait', unsent, noticedMsMax)
    // loms takes orders, whatever NATS does.
    expect((await on.probe('loms')).reply.status).toBe(200)
    await on.volume('nats').free()
    return { 'full disks': 1, 'restarts of NATS': await restartNatsWhereItHangs() }
  })

  const failures: { readonly of: (typeof doors)[number]; readonly what: DiskFailure['what'] }[] = [
    { of: 'loms', what: ['write'] },
    { of: 'loms', what: ['sync'] },
    { of: 'cart', what: ['write', 'sync'] },
  ]
  for (const { of, what } of failures) {
    for (const killed of [false, true]) {
      const name = `the disk of ${of} fails to ${what.join(' and ')}${killed ? ', and it is killed' : ''}`
      whenever(name, whyNoErrors, () => failFor(of, what, killed))
    }
  }
})

const isNotice = (line: string) => line.includes('"notice_id":')
const isAboutStore = (line: string) => line.includes('"msg":"the store cannot be written now; facts wait"')

/** nats-server 2.9.10 waits for itself for ever after a write that failed (the lock of the block it was writing). */
async function restartNatsWhereItHangs(): Promise<number> {
  const sent = async () => ((await metricOf(on.system, 'loms', 'outbox_unsent')) === 0 ? true : undefined)
  if (await eventually('facts to be sent', sent, 1_500).catch(() => false)) return 0
  await on.system.kill('nats')
  await on.system.start('nats')
  return 1
}

async function failFor(
  of: (typeof doors)[number],
  what: DiskFailure['what'],
  killed: boolean,
): Promise<Counts> {
  const path = databaseOn(on.volume(of), of)
  const every = on.chance.between(1, 3)
  const paths = [path, `${path}-wal`]
  const disk = await failDisk({ pid: on.system.pid(of), paths, what, every })
  let errors = 0
  let askAgain: () => Promise<void>
  try {
    askAgain = await on.untilRefused(of)
    await Bun.sleep(on.chance.between(0, 500))
    if (killed) await on.system.kill(of)
  } finally {
    errors = await disk.heal()
  }
  expect(errors).toBeGreaterThan(0)
  if (killed) await on.system.start(of)
  await askAgain()
  return { 'failing disks': 1, 'calls failed': errors, ...(killed && { kills: 1 }) }
}
