//! A flood of poison at everybody who listens, under trade: each is put aside, passed by or refused, and nobody else notices.
import { expect, test } from 'bun:test'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { findEvents, findRpcMethods } from '../../tools/generate/contracts.ts'
import { readings as allReadings, type Reading } from '../../tools/verify/readings.ts'
import { startSystem, type TestSystem } from '../harness/system.ts'
import { expectAllServed, startTrade } from './buyers.ts'
import { type Chance, chanceOf, roundsOf, timeoutMsOf } from './chance.ts'
import { counted } from './counted.ts'
import { type Poison, poisonBody, poisonFor, requiredByAll, type Target } from './poisons.ts'
import { metricOf } from './quiet.ts'
import { services } from './services.ts'
import { settled, shopOf } from './shop.ts'

/** At each reader, and as many questions. */
const messages = roundsOf(200)
const parallel = 4
const events = await findEvents()
const questions = (await findRpcMethods()).filter(({ service }) => services.includes(service))

const readings = allReadings.filter((each) =>
  [each.reader, each.announcer].every((service) => services.includes(service)),
)

const nameOf = ({ reader, announcer }: Reading) => `${reader} ← ${announcer}`

async function targetOf(connection: NatsConnection, { stream, types }: Reading): Promise<Target> {
  const schemas = events.filter(({ event }) => types.includes(event.type)).map(({ event }) => event.schema)
  const [type, ...otherTypes] = types
  const [field, ...fields] = requiredByAll(schemas)
  if (type === undefined || field === undefined || schemas.length < types.length)
    throw new Error(`nothing is known of ${types}`)
  const manager = await jetstreamManager(connection)
  const message = await manager.streams.getMessage(stream, { last_by_subj: type })
  return {
    types: [type, ...otherTypes],
    unknownType: `${type.split('.')[0]}.teleported`,
    sample: message?.json<Record<string, unknown>>() ?? {},
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

/** Asks what is no question, and is told so. */
async function ask(connection: NatsConnection, chance: Chance): Promise<void> {
  const { kind, data } = poisonBody(chance)
  const [first, ...others] = questions
  if (first === undefined) throw new Error('nobody is asked anything')
  const { subject } = chance.pick([first, ...others])
  const reply = await connection.request(subject, data, { timeout: 10_000 })
  const { ok, error } = reply.json<{ ok: boolean; error?: { code: string } }>()
  expect({ subject, kind, ok, code: error?.code }).toEqual({
    subject,
    kind,
    ok: false,
    code: expect.stringMatching(/^(malformed_body|invalid_argument)$/),
  })
}

async function flood(count: number, one: () => Promise<void>): Promise<void> {
  let left = count
  const oneAfterAnother = async () => {
    while (left > 0) {
      left -= 1
      await one()
    }
  }
  await Promise.all(Array.from({ length: parallel }, oneAfterAnother))
}

const pidsOf = (system: TestSystem) => services.map((service) => system.pid(service))

test(
  `${messages} poisoned messages at each who listens, and everybody is served`,
  async () => {
    const chance = chanceOf('poison flood')
    await using system = await startSystem({ seed: true })
    const shop = shopOf(system)
    const pids = pidsOf(system)
    const trade = startTrade(shop, chance, { parallel })
    await trade.more(10)
    const connection = await connect({ servers: system.natsUrl })
    const dead = new Map(readings.map((reading) => [nameOf(reading), 0]))
    let passed = 0
    for (const reading of readings) {
      const target = await targetOf(connection, reading)
      await flood(messages, async () => {
        const poison = poisonFor(target, chance)
        await put(connection, poison)
        const aside = readings.filter((each) => putsAside(each, reading, poison)).map(nameOf)
        for (const name of aside) dead.set(name, (dead.get(name) ?? 0) + 1)
        if (aside.length === 0) passed += 1
      })
    }
    await flood(messages, () => ask(connection, chance))
    const endedAt = performance.now()
    const bought = await trade.end(0)
    await connection.close()

    const { ok, output, counts } = await settled(system)
    const settledMs = Math.round(performance.now() - endedAt)
    expect(ok ? '' : output).toBe('')
    for (const [name, count] of dead) expect([name, counts[`${name}: heard, dead`]]).toEqual([name, count])
    await expectAllServed(shop, bought)
    expect(pidsOf(system)).toEqual(pids)
    for (const service of services) expect(await metricOf(system, service, 'nats_connected')).toBe(1)
    const resyncs = (await metricOf(system, 'loms', 'outbox_resyncs_total')) ?? 0
    counted(
      9,
      {
        'messages at readers': readings.length * messages,
        'put aside': [...dead.values()].reduce((sum, count) => sum + count, 0),
        'passed by': passed,
        'questions refused': messages,
        checkouts: bought.length,
        resyncs,
      },
      { settled: settledMs },
    )
  },
  timeoutMsOf(messages, 200),
)
