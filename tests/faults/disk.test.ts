//! Disks that are full or answer with errors: who is refused is told so, what was answered is there, and all goes on when the disk is well again.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { catalogueRead, metricOf } from '../harness/quiet.ts'
import { purchasePath, startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer, type TokenIssuer } from '../harness/tokens.ts'
import { eventually } from '../journeys/shop.ts'
import { type Bought, expectAllServed, insist, skus, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted, notCounted } from './counted.ts'
import { type DiskFailure, failDisk, whyNoFailingDisk } from './failing-disk.ts'
import { type Till, tillOf } from './nth/till.ts'
import { type CallOptions, type Reply, type Settled, settled } from './shop.ts'
import { madeOn, makeSmallVolume, type SmallVolume, whyNoVolumes } from './volumes.ts'
import { expectAllPaid, type Paid, startWalletTrade } from './wallet-trade.ts'

const rounds = roundsOf(1)
/** Whoever is asked to write something, and says so where that cannot be done. */
const doors = ['loms', 'cart', 'billing'] as const
/** Whoever writes what it hears. */
const readers = ['notifier', 'delivery'] as const
type Door = (typeof doors)[number]
type Writer = Door | (typeof readers)[number]
const services = [...purchasePath, 'billing', 'delivery']
/** Whose facts go through NATS while there is trade. */
const announcers = ['loms', 'billing', 'delivery']
const noticedMsMax = 10_000
const volumeMegabytes = 64
const probesFrom = 1_000_000_000
const walletsFrom = 3_000_000_000
/** Those of a test that failed are not taken for those of the next. */
const usersPerTest = 1_000_000

type Call = (body: unknown, options?: CallOptions) => Promise<Reply>

/** A probe that was asked, and how to ask it again until it is done. */
type Probed = { readonly reply: Reply; readonly again: () => Promise<Reply> }

/** A shop each of whose parts has a disk of its own, under trade. */
class ShopOnDisks {
  readonly system: TestSystem
  readonly till: Till
  readonly chance: Chance
  readonly volumes: ReadonlyMap<string, SmallVolume>
  readonly #env: Readonly<Record<string, string>>
  readonly #issuer: TokenIssuer
  readonly #bought: Bought[] = []
  readonly #paid: Paid[] = []
  #probes = 0
  #firstUser = 1

  constructor(
    system: TestSystem,
    issuer: TokenIssuer,
    chance: Chance,
    volumes: ReadonlyMap<string, SmallVolume>,
    env: Readonly<Record<string, string>>,
  ) {
    this.system = system
    this.till = tillOf(system, issuer)
    this.chance = chance
    this.volumes = volumes
    this.#issuer = issuer
    this.#env = env
  }

  async end(): Promise<void> {
    await this.system.stop()
    await this.#issuer[Symbol.asyncDispose]()
    for (const volume of this.volumes.values()) await volume[Symbol.asyncDispose]()
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
    const { till, chance } = this
    const firstUser = this.#firstUser
    this.#firstUser += usersPerTest
    const trade = startTrade(till, chance, { parallel: 4, firstUser })
    const wallets = startWalletTrade(till, chance, { parallel: 2, firstUser: walletsFrom + firstUser })
    for (let round = 0; round < rounds; round += 1) {
      await trade.more(5)
      await happens()
      await trade.more(1)
    }
    const [bought, paid] = await Promise.all([trade.end(10), wallets.end()])
    this.#bought.push(...bought)
    this.#paid.push(...paid)
    const report = await settled(this.system, 10_000, this.#env)
    expect(report.ok ? '' : report.output).toBe('')
    expect(report.counts.orders).toBe(this.#bought.length + this.#paid.length + this.#probes)
    await expectAllServed(till, bought)
    await expectAllPaid(till, paid)
    return report
  }

  /** Until it is seen that it cannot write. What is answered is to be called when it can again, and resolves when it does. */
  async untilNoticed(writer: Writer, saidBefore: number): Promise<() => Promise<void>> {
    if (isDoor(writer)) return await this.untilRefused(writer)
    const complaint = async () => this.system.logs(writer).slice(saidBefore).find(isAboutStore)
    await eventually(`the ${writer} to say that it cannot write`, complaint, noticedMsMax)
    return () => this.#untilHeard(writer)
  }

  /** While it still waits to try again, it would not be heard to complain of the next. */
  async #untilHeard(reader: Writer): Promise<void> {
    const heard = async () => (await metricOf(this.system, reader, 'reader_facts_total')) ?? 0
    const before = await heard()
    const more = async () => (await heard()) > before || undefined
    await eventually(`the ${reader} to go on`, more, noticedMsMax)
  }

  /** Asks until it is refused as it should be, and later with the same key until it is done. Answers how to ask again. */
  async untilRefused(door: Door): Promise<() => Promise<void>> {
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

  /** One order, one thing for one cart, or one hryvnia for one wallet. */
  async probe(door: Door): Promise<Probed> {
    this.#probes += door === 'loms' ? 1 : 0
    const { till } = this
    const [sku = 0] = skus
    const user = probesFrom + this.chance.between(0, 1_000_000_000)
    const key = `probe-${user}`
    const asked: Record<Door, readonly [call: Call, body: unknown]> = {
      loms: [till.create, { user, items: [{ sku, count: 1 }] }],
      cart: [till.add, { user, sku, count: 1 }],
      billing: [(body, options) => till.topUp(user, body, options), { amount: '1.00' }],
    }
    const [call, body] = asked[door]
    const reply = await call(body, { key })
    return { reply, again: () => insist(call, body, { key, chance: this.chance }) }
  }
}

const isDoor = (writer: Writer): writer is Door => doors.some((door) => door === writer)

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
    const issuer = await startTokenIssuer()
    const settings = { ...env, ...issuer.env, CART_CHECKOUT_WINDOW_SECONDS: '2' }
    const start = () => startSystem({ services, seed: true, env: settings })
    // What does not go by a setting is the store of NATS.
    const system = await madeOn(volumeOf(volumes, 'nats'), start)
    on = new ShopOnDisks(system, issuer, chance, volumes, env)
    await catalogueRead(system)
  }, 60_000)
  afterAll(() => on.end())

  for (const writer of [...doors, ...readers]) {
    whenever(`the disk of ${writer} is full`, whyNoDisks, async () => {
      const saidBefore = on.system.logs(writer).length
      await on.fill(writer)
      const done = await on.untilNoticed(writer, saidBefore)
      await Bun.sleep(on.chance.between(0, 500))
      await on.volume(writer).free()
      await done()
      return { 'full disks': 1 }
    })
  }

  whenever('all disks are full, and a service starts on them', whyNoDisks, async () => {
    await Promise.all([...on.volumes.keys()].map((name) => on.fill(name)))
    const askAgain = await on.untilRefused('loms')
    const one = on.chance.pick(['cart', 'billing', 'delivery'])
    await on.system.kill(one)
    // Either it starts and refuses, or it ends and says why; the runner would try again until there is space.
    const failure = await on.system.start(one).then(
      () => undefined,
      (error: Error) => error.message,
    )
    if (failure !== undefined) expect(failure).toContain(`${one}: cannot start: database or disk is full`)
    await Promise.all([...on.volumes.values()].map((volume) => volume.free()))
    if (failure !== undefined) await on.system.start(one)
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

  const failures: { readonly of: Writer; readonly what: DiskFailure['what'] }[] = [
    { of: 'loms', what: ['write'] },
    { of: 'loms', what: ['sync'] },
    { of: 'cart', what: ['write', 'sync'] },
    { of: 'billing', what: ['write', 'sync'] },
    { of: 'delivery', what: ['write', 'sync'] },
  ]
  for (const { of, what } of failures) {
    for (const killed of [false, true]) {
      const name = `the disk of ${of} fails to ${what.join(' and ')}${killed ? ', and it is killed' : ''}`
      whenever(name, whyNoErrors, () => failFor(of, what, killed))
    }
  }
})

const isAboutStore = (line: string) => line.includes('"msg":"the store cannot be written now; facts wait"')

/** nats-server 2.9.10 waits for itself for ever after a write that failed (the lock of the block it was writing). */
async function restartNatsWhereItHangs(): Promise<number> {
  const isSent = async (service: string) =>
    (await metricOf(on.system, service, 'outbox_unsent')) === 0 || undefined
  const all = announcers.map((each) => eventually('facts to be sent', () => isSent(each), 1_500))
  const hangs = (await Promise.allSettled(all)).some(({ status }) => status === 'rejected')
  if (!hangs) return 0
  await on.system.kill('nats')
  await on.system.start('nats')
  return 1
}

async function failFor(of: Writer, what: DiskFailure['what'], killed: boolean): Promise<Counts> {
  const path = databaseOn(on.volume(of), of)
  const every = on.chance.between(1, 3)
  const paths = [path, `${path}-wal`]
  const saidBefore = on.system.logs(of).length
  const disk = await failDisk({ pid: on.system.pid(of), paths, what, every })
  let errors = 0
  let done: () => Promise<void>
  try {
    done = await on.untilNoticed(of, saidBefore)
    await Bun.sleep(on.chance.between(0, 500))
    if (killed) await on.system.kill(of)
  } finally {
    errors = await disk.heal()
  }
  expect(errors).toBeGreaterThan(0)
  if (killed) await on.system.start(of)
  await done()
  return { 'failing disks': 1, 'calls failed': errors, ...(killed && { kills: 1 }) }
}
