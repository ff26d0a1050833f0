//! The harness itself: a test server must come back with what it had, and leave nothing behind.
import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { isRunning, stillRunning } from './gone.ts'
import { startNatsServer, type TestNats } from './nats.ts'

async function publish(nats: TestNats, count: number): Promise<void> {
  const connection = await connect({ servers: nats.url })
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'facts', subjects: ['fact.>'] })
  for (let index = 0; index < count; index++) await jetstream(connection).publish('fact.told', `${index}`)
  await connection.close()
}

async function messagesIn(nats: TestNats): Promise<number> {
  const connection = await connect({ servers: nats.url })
  const manager = await jetstreamManager(connection)
  const { length } = (await manager.streams.list().next()).map((stream) => stream.config.name)
  const messages = length === 0 ? 0 : (await manager.streams.info('facts')).state.messages
  await connection.close()
  return messages
}

test('after kill -9 the server comes back on its port with its messages', async () => {
  await using nats = await startNatsServer()
  await publish(nats, 10)
  const { pid, url } = nats
  await nats.kill9()
  expect(isRunning(pid)).toBe(false)
  await nats.restart()
  expect(nats.url).toBe(url)
  expect(nats.pid).not.toBe(pid)
  expect(await messagesIn(nats)).toBe(10)
})

test('the store can be copied, deleted and put back while the server is down', async () => {
  await using nats = await startNatsServer()
  await publish(nats, 3)
  await nats.shutDown()
  const older = `${nats.storeDir}.older`
  await cp(nats.storeDir, older, { recursive: true })
  await nats.restart()
  await publish(nats, 2)
  expect(await messagesIn(nats)).toBe(5)

  await nats.shutDown()
  await rm(nats.storeDir, { recursive: true })
  await cp(older, nats.storeDir, { recursive: true })
  await nats.restart()
  expect(await messagesIn(nats)).toBe(3)

  await nats.kill9()
  await rm(nats.storeDir, { recursive: true })
  await nats.restart()
  expect(await messagesIn(nats)).toBe(0)
})

test('nothing is left after stop, not even of a paused server', async () => {
  const nats = await startNatsServer()
  const { pid, storeDir } = nats
  nats.signal('SIGSTOP')
  await nats.stop()
  expect(await stillRunning([pid])).toEqual([])
  expect(existsSync(dirname(storeDir))).toBe(false)
  await nats.stop() // a second time is no error
})

test('servers of several tests at once have ports of their own', async () => {
  const servers = await Promise.all([1, 2, 3, 4].map(() => startNatsServer()))
  expect(new Set(servers.map((server) => server.port)).size).toBe(4)
  await Promise.all(servers.map((server) => server.stop()))
})
