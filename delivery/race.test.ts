//! An order's shipment is made, made again and called off at once: it has one or none, and none where it was called off.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { orderIdOf, userIdOf } from '../contracts/scalars.ts'
import { hasPostgres, startPostgres, type TestPostgres } from '../tests/harness/postgres.ts'
import { startDelivery } from './fixture.ts'
import { cancelDelivery } from './operations/cancel-delivery.ts'
import { makeDelivery } from './operations/make-delivery.ts'

setDefaultTimeout(60_000)
const orders = 60
const userId = userIdOf(7)

function races(urlOf: () => Promise<string>): void {
  const together = async (run: (delivery: Delivery, order: number) => readonly Promise<unknown>[]) => {
    const delivery = await startDelivery({ url: await urlOf() })
    for (let order = 1; order <= orders; order += 1) await Promise.all(run(delivery, order))
    const shipments = await delivery.shipments()
    const closed = await delivery.store.read((tx) => tx.db.select().from(tx.tables.closedOrders))
    await delivery.store.close()
    return { shipments, closed: new Set(closed.map(({ orderId }) => orderId)) }
  }

  test('made and called off at once, none is left to wait', async () => {
    const { shipments, closed } = await together((delivery, order) => [
      make(delivery, order),
      callOff(delivery, order),
    ])
    expect(shipments.filter(({ status }) => status === 'queued')).toEqual([])
    // Whoever came first: one that was made is called off, or none is made any more.
    expect(shipments.length + closed.size).toBe(orders)
  })

  test('asked for three times at once, the first answer is everybody’s', async () => {
    const answers: unknown[][] = []
    const { shipments } = await together((delivery, order) => {
      const asked = [1, 2, 3].map(() => make(delivery, order))
      return [Promise.all(asked).then((each) => answers.push(each))]
    })
    expect(shipments).toHaveLength(orders)
    for (const [first, ...others] of answers) for (const other of others) expect(other).toEqual(first)
    expect(answers.flat()).toHaveLength(3 * orders)
  })
}

type Delivery = Awaited<ReturnType<typeof startDelivery>>

const make = ({ store, deps, call }: Delivery, order: number) =>
  store.write((tx) =>
    makeDelivery(tx, deps, call(), { orderId: orderIdOf(order), userId, delivery: { method: 'pickup' } }),
  )
const callOff = ({ store, deps, call }: Delivery, order: number) =>
  store.write((tx) => cancelDelivery(tx, deps, call(), { orderId: orderIdOf(order), userId }))

describe('on SQLite', () => races(async () => 'sqlite::memory:'))

if (!hasPostgres()) {
  test.skip('PostgreSQL is not on this machine: nobody races there', () => undefined)
} else {
  describe('on PostgreSQL', () => {
    let server: TestPostgres
    beforeAll(async () => {
      const started = await startPostgres()
      if (started === undefined) throw new Error('PostgreSQL is here and was not started')
      server = started
    }, 60_000)
    afterAll(() => server.stop())
    races(() => server.createDatabase())
  })
}
