//! Every status with every command, checked against the table.
import { describe, expect, test } from 'bun:test'
import { shipmentStatuses } from '../../contracts/events/delivery.ts'
import { defaultTenant } from '../../contracts/ids.ts'
import { orderIdOf, userIdOf } from '../../contracts/scalars.ts'
import { type Instant, plusMs } from '../../contracts/time.ts'
import {
  cancel,
  type Decision,
  keepBack,
  pickupPoints,
  plan,
  receive,
  release,
  type Shipment,
  send,
  transitions,
} from './shipment.ts'

const createdAt = 1_700_000_000_000 as Instant
const now = plusMs(createdAt, 1000)
const shipment: Shipment = {
  id: 'shp_1',
  tenantId: defaultTenant,
  orderId: orderIdOf(1),
  userId: userIdOf(7),
  carrier: 'pickup',
  address: null,
  pickupPoint: 'kyiv-1',
  status: 'queued',
  reason: null,
  isReleased: true,
  version: 1,
  createdAt,
  updatedAt: createdAt,
}
const address = { city: 'Київ', address: 'Хрещатик, 1', phone: '+380991234567' }

/** What each command makes of each status: the next one, `again` where it is answered, or the refusal. */
const life: Record<
  string,
  { run: (of: Shipment, at: Instant) => Decision; is: Record<Shipment['status'], string> }
> = {
  send: {
    run: send,
    is: {
      queued: 'sent',
      sent: 'again',
      received: 'again',
      refused: 'shipment_not_ready',
      cancelled: 'shipment_not_ready',
    },
  },
  'keep back': {
    run: (of, at) => keepBack(of, at, 'cancelled'),
    is: {
      queued: 'shipment_not_ready',
      sent: 'again',
      received: 'again',
      refused: 'shipment_not_ready',
      cancelled: 'shipment_not_ready',
    },
  },
  receive: {
    run: receive,
    is: {
      queued: 'shipment_not_sent',
      sent: 'received',
      received: 'again',
      refused: 'shipment_not_sent',
      cancelled: 'shipment_not_sent',
    },
  },
  cancel: {
    run: cancel,
    is: {
      queued: 'cancelled',
      sent: 'delivery_under_way',
      received: 'delivery_under_way',
      refused: 'again',
      cancelled: 'again',
    },
  },
}

for (const [name, { run, is }] of Object.entries(life)) {
  describe(name, () => {
    for (const status of shipmentStatuses) {
      test(`of one that is ${status}: ${is[status]}`, () => {
        const of = { ...shipment, status }
        const { reply, next } = run(of, now)
        const told = reply.ok ? (next?.status ?? 'again') : reply.error.code
        expect(told).toBe(is[status])
        if (next === undefined) return
        expect(transitions[status] as readonly string[]).toContain(next.status)
        expect(next).toEqual({ ...of, status: next.status, version: 2, updatedAt: now })
      })
    }
  })
}

test('nothing leaves before its order is confirmed', () => {
  const waiting = { ...shipment, isReleased: false }
  expect(send(waiting, now).reply).toMatchObject({ ok: false, error: { code: 'shipment_not_ready' } })
  const released = release(waiting)
  expect(released).toEqual(shipment)
  expect(released && send(released, now).next?.status).toBe('sent')
  expect(release(shipment)).toBeUndefined()
  expect(release({ ...waiting, status: 'cancelled' })).toBeUndefined()
})

describe('a plan', () => {
  test('of a courier needs an address', () => {
    expect(plan({ method: 'courier', address })).toMatchObject({ ok: true, carrier: 'courier', address })
    expect(plan({ method: 'courier' })).toMatchObject({ ok: false })
  })

  test('of a pick-up is one of our points, the first where none is named', () => {
    expect(plan({ method: 'pickup' })).toMatchObject({ ok: true, pickupPoint: pickupPoints[0].id })
    expect(plan({ method: 'pickup', pickup_point: 'lviv-1' })).toMatchObject({
      ok: true,
      pickupPoint: 'lviv-1',
    })
    expect(plan({ method: 'pickup', pickup_point: 'moon-1' })).toMatchObject({ ok: false })
  })

  test('of a carrier that we do not have is none', () => {
    expect(plan({ method: 'pigeon', address })).toMatchObject({ ok: false })
  })
})
