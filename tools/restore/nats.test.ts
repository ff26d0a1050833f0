//! What becomes of NATS at a restore: streams that are emptied where they run, a store that is set aside where it rests.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { startNatsServer } from '../../tests/harness/nats.ts'
import { freePort } from '../../tests/harness/ports.ts'
import { storeReady, streamsReady } from './nats.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kiosk-restore-nats-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

test('our streams are deleted where NATS runs, those of others are not, and only when it comes to that', async () => {
  await using nats = await startNatsServer()
  const connection = await connect({ servers: nats.url })
  const manager = await jetstreamManager(connection)
  const names = async () => (await Array.fromAsync(manager.streams.names())).sort()
  for (const [name, subject] of [
    ['LOMS', 'order.>'],
    ['OTHERS', 'others.>'],
  ] as const)
    await manager.streams.add({ name, subjects: [subject] })
  {
    await using part = await streamsReady(nats.url)
    expect(part.says).toContain('the streams LOMS are gone')
    expect(await names()).toEqual(['LOMS', 'OTHERS'])
    await part.switchOver()
  }
  expect(await names()).toEqual(['OTHERS'])
  await connection.close()
})

test('where NATS does not answer, that is said before anything is done', async () => {
  await expect(streamsReady(`nats://127.0.0.1:${freePort()}`)).rejects.toThrow(
    'NATS does not answer at NATS_URL',
  )
})

test("the data folder's own store is set aside when its server rests, and never under it", async () => {
  const store = join(dataDir, 'nats')
  await mkdir(store)
  await using nats = await startNatsServer()
  await Bun.write(join(dataDir, 'nats.conf'), `host: "127.0.0.1"\nport: ${nats.port}\n`)
  await expect(storeReady(dataDir, '.aside')).rejects.toThrow(`a NATS server runs on port ${nats.port}`)

  await nats.shutDown()
  const part = await storeReady(dataDir, '.aside')
  if (part === undefined) throw new Error('the store was not found')
  await part.switchOver()
  expect([existsSync(store), existsSync(`${store}.aside`)]).toEqual([false, true])
  await part.undo()
  expect([existsSync(store), existsSync(`${store}.aside`)]).toEqual([true, false])
})
