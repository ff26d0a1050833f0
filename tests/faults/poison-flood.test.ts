//! A flood of poison at everybody who listens or is asked, under trade: each is put aside, passed by or refused, and nobody else notices.
import { expect, test } from 'bun:test'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { findEvents, findRpcMethods } from '../../tools/generate/contracts.ts'
import { announcers, type Reading, readings } from '../../tools/verify/readings.ts'
import { catalogueRead, metricOf } from '../harness/quiet.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { startTokenIssuer } from '../harness/tokens.ts'
import { expectAllServed, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { newcomersEnv, newcomersTo } from './newcomers.ts'
import { tillOf } from './nth/till.ts'
import { type Poison, poisonBody, poisonFor, requiredByAll, type Target } from './poisons.ts'
import { everybody } from './services.ts'
import { settled, shopOf } from './shop.ts'
import { expectAllPaid, startWalletTrade } from './wallet-trade.ts'

/** Put aside by each reader, and asked of each service. */
const messages = roundsOf(200)
const parallel = 4
const events = await findEvents()
const questions = await findRpcMethods()

const nameOf = ({ reader, announcer }: Reading) => `${reader} ← ${announcer}`

async function targetOf(connection: NatsConnection, { stream, types }: Reading): Promise<Target> {
  const schemas = events.filter(({ event }) => types.includes(event.type)).map(({ event }) => event.schema)
  const [type, ...otherTypes] = types
  const [field, ...fields] = requiredByAll(schemas)
  if (type === undefined || field === undefined || schemas.length < types.length)
    throw new Error(`nothing is known of ${types}`)
  const manager = await jetstreamManager(connection)
  const message = await manager.streams.getMessage(stream, { last_by_subj: type })
  if (message === null) throw new Error(`nobody has announced ${type}`)
  return {
    types: [type, ...otherTypes],
    unknownType: `${type.split('.')[0]}.teleported`,
    sample: message.json<Record<string, unknown>>(),
    required: [field, ...fields],
  }
}

/** Whoever acts on the subject, or on the type that the message says it is, has to put it aside. */
const putsAside = ({ stream, types }: Reading, from: Reading, { fate, subject, headers }: Poison) =>
  fate === 'dead' &&
  stream === from.stream &&
  [subject, headers['ce-type']].some((type) => types.includes(type ?? ''))

/** The stream takes it like any other message. */
async function put(connection: NatsConnection, poison: Poison): Promise<void> {
  const about = headers()
  for (const [name, value] of Object.entries(poison.headers)) about.set(name, value)
  const reply = await connection.request(poison.subject, poison.data, { headers: about, timeout: 10_000 })
  expect(reply.json<{ error?: unknown }>().error).toBeUndefined()
}

type Poisoned = { readonly aside: ReadonlyMap<string, number>; readonly put: number; readonly passed: number }

/** Goes on until every reader has something to put aside so many times: others of its stream have a part of it too. */
async function poisonReaders(connection: NatsConnection, chance: Chance): Promise<Poisoned> {
  const aside = new Map(readings.map((reading) => [nameOf(reading), 0]))
  let all = 0
  let passed = 0
  // What is last of its type now is of use as a sample.
  const targets = await Promise.all(readings.map((each) => targetOf(connection, each)))
  for (const [at, from] of readings.entries()) {
    const target = targets[at]
    const isDone = () => (aside.get(nameOf(from)) ?? 0) >= messages
    await atOnce(async () => {
      if (target === undefined || isDone()) return false
      const poison = poisonFor(target, chance)
      const names = readings.filter((each) => putsAside(each, from, poison)).map(nameOf)
      for (const name of names) aside.set(name, (aside.get(name) ?? 0) + 1)
      if (names.length === 0) passed += 1
      all += 1
      await put(connection, poison)
      return true
    })
  }
  return { aside, put: all, passed }
}

/** Asks everybody who is asked anything what is no question, of each kind in turn; all are told so. Answers how many that were. */
async function poisonQuestions(connection: NatsConnection, chance: Chance): Promise<number> {
  const services = [...Map.groupBy(questions, ({ service }) => service).values()]
  for (const own of services) {
    let asked = 0
    await atOnce(async () => {
      const question = own[asked % own.length]
      if (question === undefined || asked >= messages) return false
      asked += 1
      await ask(connection, question.subject, chance)
      return true
    })
  }
  return services.length * messages
}

async function ask(connection: NatsConnection, subject: string, chance: Chance): Promise<void> {
  const { kind, data } = poisonBody(chance)
  const reply = await connection.request(subject, data, { timeout: 10_000 })
  const { ok, error } = reply.json<{ ok: boolean; error?: { code: string } }>()
  expect({ subject, kind, ok, code: error?.code }).toEqual({
    subject,
    kind,
    ok: false,
    code: expect.stringMatching(/^(malformed_body|invalid_argument)$/),
  })
}

/** Some at once, one after another, until `one` says that there is nothing left to do. */
async function atOnce(one: () => Promise<boolean>): Promise<void> {
  const oneAfterAnother = async () => {
    while (await one());
  }
  await Promise.all(Array.from({ length: parallel }, oneAfterAnother))
}

const pidsOf = (system: TestSystem) => everybody.map((service) => system.pid(service))

test(
  `${messages} poisoned messages at each who listens and each who is asked, and everybody is served`,
  async () => {
    const chance = chanceOf('poison flood')
    await using issuer = await startTokenIssuer()
    const env = { ...issuer.env, ...newcomersEnv, LOMS_SAGA: chance.pick(['orchestration', 'choreography']) }
    await using system = await startSystem({ services: everybody, seed: true, env })
    const [shop, till, newcomers] = [shopOf(system), tillOf(system, issuer), newcomersTo(system)]
    const pids = pidsOf(system)
    await catalogueRead(system)
    const trade = startTrade(shop, chance, { parallel: 2 })
    const wallets = startWalletTrade(till, chance, { parallel: 2 })
    await Promise.all([trade.more(5), wallets.more(10), newcomers.come(1)])
    const connection = await connect({ servers: system.natsUrl })
    const { aside, put, passed } = await poisonReaders(connection, chance)
    const refused = await poisonQuestions(connection, chance)
    await newcomers.come(1)
    const endedAt = performance.now()
    const [bought, paid] = await Promise.all([trade.end(0), wallets.end()])
    await connection.close()

    const { ok, output, counts } = await settled(system)
    const settledMs = Math.round(performance.now() - endedAt)
    expect(ok ? '' : output).toBe('')
    expect(counts.accounts).toBe(newcomers.count)
    for (const [name, count] of aside) expect([name, counts[`${name}: heard, dead`]]).toEqual([name, count])
    await expectAllServed(shop, bought)
    await expectAllPaid(till, paid)
    expect(pidsOf(system)).toEqual(pids)
    for (const service of everybody) expect(await metricOf(system, service, 'nats_connected')).toBe(1)
    let resyncs = 0
    for (const service of announcers)
      resyncs += (await metricOf(system, service, 'outbox_resyncs_total')) ?? 0
    counted(
      9,
      {
        'messages put into streams': put,
        'put aside': [...aside.values()].reduce((sum, count) => sum + count, 0),
        'passed by': passed,
        'questions refused': refused,
        checkouts: bought.length,
        'orders from wallets': paid.length,
        resyncs,
      },
      { settled: settledMs },
    )
  },
  timeoutMsOf(messages, 400),
)
