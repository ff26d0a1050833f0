//! Relay and reader on a real nats-server that is away, killed, emptied and set back: each fact once, in order.
import { expect, test } from 'bun:test'
import { cp, rm } from 'node:fs/promises'
import {
  hasRead,
  linkTo,
  natsServer,
  onBothEngines,
  outboxIds,
  recipient,
  sender,
  sentAll,
  storeOf,
  streamIds,
} from './faults.fixture.ts'
import { metricOf, numbersOf, upTo } from './suite.fixture.ts'

onBothEngines((engine) => {
  test('facts arrive once and in order, also those announced before anybody was connected', async () => {
    const server = await natsServer()
    await server.shutDown()
    const nats = linkTo(server.url)
    const from = sender(await storeOf(engine), nats)
    const to = recipient(await storeOf(engine), nats)
    await from.announce(0, 300)
    await from.announce(0, 50, 'b')
    await server.restart()
    await hasRead(to.store, 300)
    await from.announce(300, 200)
    await hasRead(to.store, 500)
    await hasRead(to.store, 50, 'b')
    expect(await numbersOf(to.store)).toEqual(upTo(500))
    expect(await numbersOf(to.store, 'b')).toEqual(upTo(50))
    await sentAll(from.store)
    expect(await streamIds(nats)).toEqual(await outboxIds(from.store))
    expect(await metricOf(from.registry, 'outbox_unsent')).toBe(0)
    expect(await metricOf(from.registry, 'outbox_published_total')).toBe(550)
    expect(await metricOf(to.registry, 'reader_lag')).toBe(0)
  })

  test('nats-server killed again and again under load: nothing lost, nothing doubled, nothing out of order', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const from = sender(await storeOf(engine), nats)
    const to = recipient(await storeOf(engine), nats)
    let announced = 0
    for (let round = 0; round < 4; round += 1) {
      const announcing = from.announce(announced, 300)
      announced += 300
      if (round % 2 === 0) await announcing
      await server.kill9()
      await announcing
      await server.restart()
    }
    await hasRead(to.store, announced)
    expect(await numbersOf(to.store)).toEqual(upTo(announced))
    await sentAll(from.store)
    expect(await streamIds(nats)).toEqual(await outboxIds(from.store))
  })

  test('a store of NATS that was deleted is filled again; who had read does not notice, who comes late gets all', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const from = sender(await storeOf(engine), nats)
    const caughtUp = recipient(await storeOf(engine), nats)
    const lagging = recipient(await storeOf(engine), nats)
    await from.announce(0, 120)
    await hasRead(lagging.store, 120)
    await lagging.stop()
    await from.announce(120, 180)
    await hasRead(caughtUp.store, 300)
    await sentAll(from.store)

    await server.shutDown()
    await rm(server.storeDir, { recursive: true })
    await server.restart()
    const late = recipient(await storeOf(engine), nats)
    const again = recipient(lagging.store, nats)
    await from.announce(300, 40)
    for (const { store } of [caughtUp, late, again]) {
      await hasRead(store, 340)
      expect(await numbersOf(store)).toEqual(upTo(340))
    }
    expect(await streamIds(nats)).toEqual(await outboxIds(from.store))
    expect(await metricOf(from.registry, 'outbox_repaired_total')).toBe(300)
  })

  test('NATS set back to an older copy of its store is repaired, for readers before, at and beyond the tear', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const from = sender(await storeOf(engine), nats)
    const before = recipient(await storeOf(engine), nats)
    await from.announce(0, 40)
    await hasRead(before.store, 40)
    await before.stop()
    await from.announce(40, 60)
    await sentAll(from.store)
    await server.shutDown()
    const copy = `${server.storeDir}.copy`
    await cp(server.storeDir, copy, { recursive: true })
    await server.restart()

    const beyond = recipient(await storeOf(engine), nats)
    const between = recipient(await storeOf(engine), nats)
    await from.announce(100, 50)
    await hasRead(between.store, 150)
    await between.stop()
    await from.announce(150, 50)
    await hasRead(beyond.store, 200)
    await sentAll(from.store)

    await server.shutDown()
    await rm(server.storeDir, { recursive: true })
    await cp(copy, server.storeDir, { recursive: true })
    await server.restart()
    await from.announce(200, 30)
    const all = [
      beyond,
      recipient(between.store, nats),
      recipient(before.store, nats),
      recipient(await storeOf(engine), nats),
    ]
    for (const { store } of all) {
      await hasRead(store, 230)
      expect(await numbersOf(store)).toEqual(upTo(230))
    }
    expect(await streamIds(nats)).toEqual(await outboxIds(from.store))
    expect(await metricOf(from.registry, 'outbox_repaired_total')).toBe(100)
  })

  test('while nats-server says nothing, relay and reader stop all the same, and go on from there later', async () => {
    const server = await natsServer()
    const nats = linkTo(server.url)
    const [from, to] = [sender(await storeOf(engine), nats), recipient(await storeOf(engine), nats)]
    await from.announce(0, 10)
    await hasRead(to.store, 10)
    server.signal('SIGSTOP')
    await from.announce(10, 10)
    const startedAt = performance.now()
    await Promise.all([from.stop(), to.stop()])
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    server.signal('SIGCONT')
    const again = sender(from.store, nats)
    recipient(to.store, nats)
    await again.announce(20, 10)
    await hasRead(to.store, 30)
    expect(await numbersOf(to.store)).toEqual(upTo(30))
    expect(await streamIds(nats)).toEqual(await outboxIds(from.store))
  })
})
