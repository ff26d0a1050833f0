//! A lease is held by one at a time, on both engines, and who may have lost it cannot write.
import { expect, test } from 'bun:test'
import { processClock } from '../../contracts/time.ts'
import {
  hasRead,
  linkTo,
  natsServer,
  now,
  onBothEngines,
  outboxIds,
  recipient,
  sender,
  sentAll,
  storeOf,
  streamIds,
} from './faults.fixture.ts'
import { createLease, type Held, LeaseLost, type LeaseOptions } from './lease.ts'
import { eventually, numbersOf, silent, type TestStore, upTo } from './suite.fixture.ts'
import { realTimer } from './wait.ts'

onBothEngines((engine) => {
  /** Runs under a lease named `one` and tells who holds it. */
  function contender(
    store: TestStore,
    holder: string,
    holders: string[],
    options: Partial<LeaseOptions> = {},
  ) {
    const stopping = new AbortController()
    let held: Held | undefined
    const lease = createLease({
      store,
      name: 'one',
      holder,
      now: processClock(),
      log: silent,
      lifetimeMs: 300,
      ...options,
    })
    const running = lease.run(async (given, signal) => {
      held = given
      holders.push(holder)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      holders.splice(holders.indexOf(holder), 1)
    }, stopping.signal)
    return {
      mustHold: () => store.write(async (tx) => await held?.mustHold(tx)),
      async stop() {
        stopping.abort()
        await running
      },
    }
  }

  test('one of several holds it; when that one leaves, another takes it at once', async () => {
    const store = await storeOf(engine)
    const holders: string[] = []
    const all = ['x', 'y', 'z'].map((holder) => ({ holder, ...contender(store, holder, holders) }))
    await eventually(() => holders.length === 1)
    const [first] = holders
    await all.find((each) => each.holder === first)?.stop()
    await eventually(() => holders.length === 1, { withinMs: 1_000 })
    expect(holders[0]).not.toBe(first)
    for (const each of all) await each.stop()
    expect(holders).toEqual([])
    expect(await store.read((tx) => tx.db.select().from(tx.tables.leases))).toEqual([])
  })

  test('who is stopped while it asks for the lease does not keep it', async () => {
    const store = await storeOf(engine)
    const holders: string[] = []
    for (let turns = 0; turns < 12; turns += 1) {
      const asking = contender(store, 'asking', holders)
      for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      await asking.stop()
    }
    expect(holders).toEqual([])
    expect(await store.read((tx) => tx.db.select().from(tx.tables.leases))).toEqual([])
  })

  test('it is renewed for as long as its holder lives, and taken over when that one is silent', async () => {
    const store = await storeOf(engine)
    const holders: string[] = []
    // Its timers stop: a process that was paused. It believes that it holds the lease still.
    let paused = false
    const first = contender(store, 'first', holders, {
      setTimer: (run, ms) =>
        realTimer(() => {
          if (!paused) run()
        }, ms),
    })
    await eventually(() => holders[0] === 'first')
    const second = contender(store, 'second', holders)
    const [row] = await store.read((tx) => tx.db.select().from(tx.tables.leases))
    await eventually(async () => {
      const [renewed] = await store.read((tx) => tx.db.select().from(tx.tables.leases))
      return (renewed?.expiresAt ?? 0) > (row?.expiresAt ?? 0)
    })
    expect(holders).toEqual(['first'])
    await first.mustHold()

    paused = true
    await eventually(() => holders.includes('second'))
    await expect(first.mustHold()).rejects.toBeInstanceOf(LeaseLost)
    await second.mustHold()
    await first.stop()
    await second.mustHold()
    await second.stop()
  })

  test('with leases, two processes of a service send and read as one, also when one of them ends', async () => {
    const server = await natsServer()
    const [from, to] = [await storeOf(engine), await storeOf(engine)]
    const process = (holder: string) => {
      const nats = linkTo(server.url)
      const common = { holder, now, log: silent, lifetimeMs: 500 }
      const relay = sender(from, nats, {
        lease: createLease({ ...common, store: from, name: 'relay' }),
        pollMs: 20,
      })
      const reader = recipient(to, nats, { lease: createLease({ ...common, store: to, name: 'reader' }) })
      return { nats, relay, reader, stop: () => Promise.all([relay.stop(), reader.stop()]) }
    }
    const [one, two] = [process('one'), process('two')]
    await one.relay.announce(0, 100)
    await hasRead(to, 100)
    await one.stop()
    await two.relay.announce(100, 100)
    await hasRead(to, 200)
    expect(await numbersOf(to)).toEqual(upTo(200))
    await sentAll(from)
    expect(await streamIds(two.nats)).toEqual(await outboxIds(from))
  })
})
