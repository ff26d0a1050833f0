//! JetStream under the suite of streams, and what is its own: how the stream is made.
import { afterAll, expect, test } from 'bun:test'
import { jetstreamManager } from '@nats-io/jetstream'
import { headers } from '@nats-io/transport-node'
import { startNatsServer, type TestNats } from '../../tests/harness/nats.ts'
import { publishRaw, wrongHeaders } from '../../tests/harness/raw-nats.ts'
import { connectNats } from '../nats.ts'
import { identityOf } from './envelope.ts'
import { factStreamSuite } from './fact-stream.suite.fixture.ts'
import { jetStream, type StreamLimits } from './jetstream.ts'
import { counterStream, registry, silent } from './suite.fixture.ts'

let server: TestNats | undefined
afterAll(() => server?.stop())

async function bench(limits: Partial<StreamLimits> = {}) {
  server ??= await startNatsServer()
  const { url } = server
  const onClosed = (error: Error) => {
    throw error
  }
  const nats = connectNats({ url, name: 'test', log: silent, registry: registry(), onClosed })
  const connection = await nats.whenConnected()
  const jsm = await jetstreamManager(connection)
  const { name } = counterStream
  await jsm.streams.delete(name).catch(() => undefined)
  return {
    nats,
    jsm,
    stream: jetStream({ nats, stream: counterStream, limits }),
    async put(subject: string, record: Readonly<Record<string, string>>, data: string) {
      const made = headers()
      for (const [key, value] of Object.entries(record)) made.set(key, value)
      await connection.request(subject, data, { headers: made, timeout: 5_000 })
    },
    async restart() {
      await server?.kill9()
      await server?.restart()
      await nats.whenConnected()
    },
    async vanish() {
      await jsm.streams.delete(name)
      await jetStream({ nats, stream: counterStream }).ensure()
    },
    punch: (sequence: number) => jsm.streams.deleteMessage(name, sequence),
    expireUpTo: (sequence: number) => jsm.streams.purge(name, { seq: sequence + 1 }),
    limitTo: (messages: number) => jsm.streams.update(name, { max_msgs: messages }),
    close: () => nats.close(),
  }
}

factStreamSuite('JetStream', () => bench())

test('a stream that was made with other limits gets ours, and what an operator added stays', async () => {
  const { stream, jsm, close } = await bench({ bytesMax: 1_000_000 })
  await jsm.streams.add({ name: 'COUNTER', subjects: ['counter.>'], max_msgs: 77, discard: 'old' })
  await stream.ensure()
  const { config } = await jsm.streams.info('COUNTER')
  expect(config).toMatchObject({
    subjects: ['counter.>'],
    storage: 'file',
    retention: 'limits',
    discard: 'new',
    max_age: 7 * 24 * 60 * 60 * 1e9,
    max_bytes: 1_000_000,
    duplicate_window: 120e9,
    num_replicas: 1,
    max_msgs: 77,
  })
  await close()
})

test('a stream that is gone is told as absent, and made again', async () => {
  const { stream, jsm, close } = await bench()
  expect(await stream.state()).toBeUndefined()
  await stream.ensure()
  await jsm.streams.delete('COUNTER')
  expect(await stream.state()).toBeUndefined()
  await close()
})

// A reader looks at the message at its place before it reads on: what it could not look at would hold it up for ever.
test.each(Object.entries(wrongHeaders))(
  'a message with %s for headers is read, and is the same whichever way it is read',
  async (_, headers) => {
    const { stream, close } = await bench()
    await stream.ensure()
    await publishRaw(server?.port ?? 0, [{ subject: 'counter.counted', headers, data: '{"number":1}' }])
    const reading = await stream.read(1)
    const [read] = await reading.next(1)
    const stored = await stream.messageAt(1)
    if (read === undefined || stored === undefined) throw new Error('the message is not there')
    expect(identityOf(stored)).toBe(identityOf(read))
    expect(stored.headers()).toEqual(read.headers())
    expect(Buffer.from(stored.data).toString()).toBe('{"number":1}')
    reading.close()
    await close()
  },
)
