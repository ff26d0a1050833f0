import { afterEach, describe, expect, test } from 'bun:test'
import pino from 'pino'
import { Registry } from 'prom-client'
import { startNatsServer, type TestNats } from '../tests/harness/nats.ts'
import { connectNats, type Nats } from './nats.ts'
import { freeze, startNatsWith } from './rpc/nats.fixture.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function server(): Promise<TestNats> {
  const started = await startNatsServer()
  cleanups.push(() => started.stop())
  return started
}

function client(
  url: string,
  onClosed: (error: Error) => void = () => {},
  pingIntervalMs = 200,
): Nats & { registry: Registry } {
  const registry = new Registry()
  const log = pino({ level: 'silent' })
  const nats = connectNats({ url, name: 'test', log, registry, onClosed, pingIntervalMs })
  cleanups.push(() => nats.close())
  return { ...nats, registry }
}

const away = (nats: Nats) => new Promise<void>((resolve) => nats.onDisconnect(resolve))
const back = (nats: Nats) => new Promise<void>((resolve) => nats.onReconnect(() => resolve()))
const gauge = async (registry: Registry) =>
  (await registry.getSingleMetric('nats_connected')?.get())?.values[0]?.value

describe('connectNats', () => {
  test('there is an object before there is a server, and a connection when the server comes', async () => {
    const later = await server()
    await later.shutDown()
    const nats = client(later.url)
    const whenConnected = nats.whenConnected()
    expect(nats.isConnected()).toBe(false)
    expect(nats.current()).toBeUndefined()
    expect(await gauge(nats.registry)).toBe(0)

    await later.restart()
    const connection = await whenConnected
    expect(nats.isConnected()).toBe(true)
    expect(nats.current()).toBe(connection)
    expect(await nats.whenConnected()).toBe(connection)
    expect(await gauge(nats.registry)).toBe(1)
  })

  test('that there is no server yet is told once, without its password, and that it came', async () => {
    const later = await server()
    await later.shutDown()
    const lines: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
    const { host } = new URL(later.url)
    const registry = new Registry()
    const url = `nats://kiosk:secret@${host}`
    const nats = connectNats({ url, name: 'test', log, registry, onClosed: () => {} })
    cleanups.push(() => nats.close())
    await Bun.sleep(1_000) // some attempts more
    const told = () =>
      lines.map((line) => JSON.parse(line)).map(({ level, msg, server }) => [level, msg, server])
    expect(told()).toEqual([[40, 'NATS is not there yet', host]])

    await later.restart()
    await nats.whenConnected()
    expect(told().slice(1)).toEqual([[30, 'connected to NATS', host]])
    expect(lines.join('')).not.toContain('secret')
  })

  test('of a cluster that begins with a server that is away nothing is told', async () => {
    const [gone, here] = [await server(), await server()]
    await gone.shutDown()
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const url = `${gone.url},${here.url}`
    const nats = connectNats({ url, name: 'test', log, registry: new Registry(), onClosed: () => {} })
    cleanups.push(() => nats.close())
    await nats.whenConnected()
    expect(lines).toEqual([])
  })

  test('an outage is noticed, and its end: the same connection, with its subscriptions', async () => {
    const first = await server()
    const nats = client(first.url)
    const connection = await nats.whenConnected()
    const heard = Promise.withResolvers<string>()
    connection.subscribe('greeting', { callback: (_, message) => heard.resolve(message.string()) })
    await connection.flush()

    const gone = away(nats)
    const returned = back(nats)
    await first.kill9()
    await gone
    expect(nats.current()).toBeUndefined()
    expect(await gauge(nats.registry)).toBe(0)

    await first.restart()
    await returned
    expect(nats.current()).toBe(connection)
    connection.publish('greeting', 'hello')
    expect(await heard.promise).toBe('hello')
  })

  test('the first connect is no reconnect, and who stopped listening is told nothing', async () => {
    const first = await server()
    const nats = client(first.url)
    let told = 0
    nats.onReconnect(() => {
      told += 1
    })
    const stop = nats.onReconnect(() => {
      told += 100
    })
    await nats.whenConnected()
    expect(told).toBe(0)
    stop()
    const returned = back(nats)
    await first.kill9()
    await first.restart()
    await returned
    expect(told).toBe(1)
  })

  test("one listener's bug does not keep the others from hearing", async () => {
    const first = await server()
    const nats = client(first.url)
    await nats.whenConnected()
    nats.onDisconnect(() => {
      throw new Error('a bug')
    })
    const gone = away(nats)
    const returned = back(nats)
    await first.kill9()
    await gone
    await first.restart()
    await returned
  })

  test.each([0, 200])(
    'a server that no longer answers is left, though the connection is open and %p × 100 kB are unsent',
    async (messages) => {
      const first = await server()
      const nats = client(first.url)
      const connection = await nats.whenConnected()
      const gone = away(nats)
      await freeze(first)
      for (let i = 0; i < messages; i++) connection.publish('big', new Uint8Array(100_000))
      const startedAt = performance.now()
      await gone
      expect(performance.now() - startedAt).toBeLessThan(1_500)

      const returned = back(nats)
      first.signal('SIGCONT')
      await returned
    },
  )

  test('a wrong password closes it for good, with a reason that does not hold the password', async () => {
    const started = await startNatsWith('authorization { user: kiosk, password: right }')
    cleanups.push(() => started.stop())
    const { host } = new URL(started.url)
    const closed = Promise.withResolvers<Error>()
    client(`nats://kiosk:wr0ng@${host}`, closed.resolve)
    const error = await closed.promise
    expect(String(error.cause)).toContain('Authorization Violation')
    expect(Bun.inspect(error)).not.toContain('wr0ng')

    const right = client(`nats://kiosk:right@${host}`)
    await right.whenConnected()
  })

  test('an address that is none is refused at once, without repeating it', () => {
    expect(() => client('nats://user:secret@')).toThrow(/^the address of NATS is not nats:\/\/host:port$/)
  })
})

describe('close', () => {
  test('ends the attempts to connect to a server that never came', async () => {
    const never = await server()
    await never.shutDown()
    const nats = client(never.url, () => expect.unreachable())
    const waiting = nats.whenConnected()
    const refused = waiting.then(() => 'connected', String)
    await nats.close()
    expect(await refused).toContain('closed')
    await expect(nats.whenConnected()).rejects.toThrow('closed')
  })

  test('sends what was published, tells nobody of an accident and may be called twice', async () => {
    const { url } = await server()
    const listening = await client(url).whenConnected()
    const heard = Promise.withResolvers<string>()
    listening.subscribe('last.words', { callback: (_, message) => heard.resolve(message.string()) })
    await listening.flush()

    const nats = client(url, () => expect.unreachable())
    const connection = await nats.whenConnected()
    connection.publish('last.words', 'goodbye')
    await Promise.all([nats.close(), nats.close()])
    expect(await heard.promise).toBe('goodbye')
    expect(connection.isClosed()).toBe(true)
    expect(nats.isConnected()).toBe(false)
    expect(await gauge(nats.registry)).toBe(0)
  })

  test('does not wait for a server that is away', async () => {
    const first = await server()
    const nats = client(first.url, () => expect.unreachable())
    await nats.whenConnected()
    const gone = away(nats)
    await first.kill9()
    await gone
    await nats.close()
    expect(nats.isConnected()).toBe(false)
  })

  test('waits no longer than 2 s for a server that does not answer', async () => {
    const first = await server()
    const nats = client(first.url, () => expect.unreachable(), 60_000)
    await nats.whenConnected()
    await freeze(first)
    const startedAt = performance.now()
    await nats.close()
    expect(performance.now() - startedAt).toBeWithin(1_900, 2_500)
    expect(nats.isConnected()).toBe(false)
  })
})
