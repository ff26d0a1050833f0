//! The simulated shop: which processes are up, who died, and what is done to them and between them.
import { MemoryStream } from '../../runtime/messages/memory-stream.fixture.ts'
import { Bus } from './bus.ts'
import type { Disks } from './disks.ts'
import type { Streams, Surroundings } from './frame.ts'
import type { Plan } from './generate.ts'
import type { Planted } from './planted/planted.ts'
import { Process, type Service, services, walletless } from './process.ts'
import { register } from './register.ts'
import { type Running, start } from './services.ts'
import type { Deadline, Event, Which } from './steps.ts'
import { type StreamName, streamNames, Weather } from './weather.ts'
import type { World } from './world.ts'

type Up<S extends Service> = { readonly process: Process; readonly deps: Running[S] }

export class Shop {
  readonly world: World
  readonly around: Surroundings
  readonly weather: Weather
  crashes = 0
  readonly #up = new Map<Service, Up<Service>>()
  readonly #lives = new Map<Service, number>()
  /** How long a service stays away that dies. */
  readonly #downMs = new Map<Service, number>()

  constructor(world: World, disks: Disks, plan: Plan, planted: Planted, onBug: (words: string) => void) {
    this.world = world
    this.weather = new Weather(world)
    // One for each name, as the type wants it.
    const streams = Object.fromEntries(
      streamNames.map((name) => [name, new MemoryStream(name, name.toLowerCase())]),
    ) as Streams
    for (const stream of Object.values(streams)) stream.dropsRepeats = plan.dropsRepeats
    const { paymentWindowMs, checkoutWindowMs, wallets } = plan
    this.around = {
      disks,
      bus: new Bus(this.weather),
      weather: this.weather,
      streams,
      paymentWindowMs,
      checkoutWindowMs,
      wallets,
      planted,
      onBug,
    }
  }

  /** What there is in this history. */
  get services(): readonly Service[] {
    return this.around.wallets === undefined ? walletless : services
  }

  /** What runs of the service; undefined while it is down. */
  up<S extends Service>(service: S): Up<S> | undefined {
    // Kept under its own name by `start`.
    return this.#up.get(service) as Up<S> | undefined
  }

  start(service: Service): void {
    if (this.#up.has(service)) return
    const life = (this.#lives.get(service) ?? 0) + 1
    this.#lives.set(service, life)
    const process = new Process(this.world, service, life, (where) => this.#died(service, where))
    this.world.say(`${service} starts`)
    const deps = start(process, this.around)
    if (process.isAlive) this.#up.set(service, { process, deps })
  }

  /** Everything that is down is started, and nothing goes wrong any more. */
  heal(): void {
    this.world.say('all faults end')
    this.weather.clear()
    this.#comeBack()
    for (const service of this.services) {
      const { process } = this.#up.get(service) ?? {}
      process?.dieAfter(undefined)
      this.#downMs.set(service, 0)
      if (this.world.setWall(service, 0)) process?.die('to find its clock right')
      this.start(service)
    }
  }

  do(fault: Event): void {
    switch (fault.do) {
      case 'register':
        register(this.around.streams.ACCOUNTS, this.world, fault.user)
        return
      case 'crash':
        this.#downMs.set(fault.service, fault.downMs)
        this.#up.get(fault.service)?.process.dieAfter(fault.places)
        return
      case 'trouble':
        for (const way of fault.ways) this.weather.trouble(way, fault.trouble, fault.ms)
        return
      case 'away':
        this.#goAway(fault.ms)
        return
      case 'lose tail': {
        const stream = this.around.streams[fault.stream]
        const last = stream.messages.at(-1)?.sequence ?? 0
        stream.goBackTo(Math.max(0, last - fault.count))
        return
      }
      case 'lose all': {
        const stream = this.around.streams[fault.stream]
        if (fault.silently) stream.vanishSilently()
        else stream.vanish()
        return
      }
      case 'lose one': {
        const sequence = this.#placeOn(fault.stream) - fault.before
        if (sequence > 0) this.around.streams[fault.stream].punch(sequence)
        return
      }
      case 'lose answer':
        this.around.streams[fault.stream].loseAfter = fault.stored
        return
      case 'set clock':
        this.world.setWall(fault.service, fault.offMs)
        this.#downMs.set(fault.service, 0)
        this.#up.get(fault.service)?.process.die('to find its clock changed')
        return
      case 'pause':
        this.world.pause(fault.ms * 1_000)
        return
      case 'pause until':
        this.#pauseUntil(fault.what, fault.plusMs)
        return
    }
  }

  /** The number of the order that is meant; of one that there is not, where none is. */
  orderOf(which: Which): number {
    if (typeof which === 'number') return which
    const { database } = this.around.disks.loms
    return Number(database.query<{ id: bigint }, []>(ordersBy[which]).get()?.id ?? 1)
  }

  #died(service: Service, where: string): void {
    this.crashes += 1
    this.#up.delete(service)
    const { database } = this.around.disks[service]
    if (database.inTransaction) database.exec('ROLLBACK')
    this.world.note(`${service} ${where}`)
    this.world.say(`${service} dies ${where}`)
    this.world.after((this.#downMs.get(service) ?? 0) * 1_000, () => this.start(service))
  }

  #goAway(ms: number): void {
    this.around.bus.leave()
    for (const stream of Object.values(this.around.streams)) stream.leave()
    this.world.after(ms * 1_000, () => this.#comeBack())
  }

  #comeBack(): void {
    this.around.bus.comeBack()
    for (const stream of Object.values(this.around.streams)) stream.comeBack()
  }

  /** As far as everybody has read the stream: what is lost after that is read late, and out of its order, as it has to be. */
  #placeOn(stream: StreamName): number {
    const place = 'select sequence as at from places where stream = ?'
    const readers = readersOf[stream].filter((reader) => this.services.includes(reader))
    const places = readers.map((reader) => {
      const { database } = this.around.disks[reader]
      return Number(database.query<{ at: bigint }, [string]>(place).get(stream)?.at ?? 0)
    })
    return Math.min(...places)
  }

  #pauseUntil(what: Deadline, plusMs: number): void {
    const [service, sql] = deadlines[what]
    const row = this.around.disks[service].database.query<{ at: bigint | null }, []>(sql).get()
    const now = this.up(service)?.process.now()
    if (row?.at == null || now === undefined) return
    const ms = Number(row.at) + plusMs - now
    if (ms <= 0) return
    // Who is late because of the pause comes to it before the moment that this is about.
    this.world.pause(Math.max(0, ms - awakeMs) * 1_000)
    this.world.run(Math.min(ms, awakeMs) * 1_000)
  }
}

const awakeMs = 20

const ordersBy = {
  newest: 'select id from orders order by id desc limit 1',
  due: `select id from orders where status = 'pending' order by pay_by limit 1`,
  bought: `select id from orders where payment_method = 'wallet' order by id desc limit 1`,
} as const satisfies Record<string, string>

const deadlines = {
  'pay by': ['loms', `select min(pay_by) as at from orders where status = 'pending'`],
  'not after': ['cart', `select min(not_after) as at from checkouts where state = 'open'`],
  'retry at': ['loms', 'select min(retry_at) as at from sagas'],
  'look at': ['billing', 'select min(look_at) as at from holds'],
} as const satisfies Record<Deadline, readonly [Service, string]>

const readersOf = {
  CATALOG: ['loms'],
  LOMS: ['notifier', 'billing', 'delivery'],
  BILLING: ['loms'],
  DELIVERY: ['loms'],
  ACCOUNTS: ['billing'],
} as const satisfies Record<StreamName, readonly Service[]>
