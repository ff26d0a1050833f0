//! Notices as the resources show them.
import { type Static, Type } from '@sinclair/typebox'
import { shipmentStatuses } from '../contracts/events/delivery.ts'
import { toDecimal } from '../contracts/money.ts'
import { orderStatuses } from '../contracts/order-status.ts'
import { DecimalSchema } from '../contracts/rest.ts'
import { toRfc3339 } from '../contracts/time.ts'
import type { Notice } from './domain/notice.ts'

const oneOf = <const W extends string>(words: readonly W[], description?: string) =>
  Type.Union(
    words.map((word) => Type.Literal(word)),
    description === undefined ? {} : { description },
  )

export const Notification = Type.Object(
  {
    id: Type.String(),
    // Any text: another process of ours may tell of what this one does not know yet.
    kind: Type.String({
      description: `What happened: ${[
        'order.created',
        'order.rejected',
        'order.confirmed',
        'order.shipped',
        'order.delivered',
        'order.cancelled',
        'user.registered',
        'wallet.topped_up',
        'wallet.charged',
        'payment.refunded',
        'shipment.updated',
      ].join(', ')}; more may come.`,
    }),
    message: Type.String({ description: 'One sentence in English.' }),
    moment: Type.String({ format: 'date-time', maxLength: 64, description: 'When it happened, in UTC.' }),
    order_id: Type.Optional(Type.String({ description: 'The order that it is about.' })),
    status: Type.Optional(oneOf(orderStatuses, 'Of `order.*`: where the order stands now.')),
    reason: Type.Optional(
      Type.String({ description: 'Of `order.*`: why, as a code, e.g. `insufficient_stock`.' }),
    ),
    amount: Type.Optional(DecimalSchema),
    currency: Type.Optional(Type.String({ examples: ['UAH'] })),
    payment: Type.Optional(Type.Object({ id: Type.String(), provider: Type.String() })),
    shipment: Type.Optional(
      Type.Object({ id: Type.String(), status: oneOf(shipmentStatuses), carrier: Type.String() }),
    ),
  },
  {
    examples: [
      {
        id: 'ntc_0197c0ffee0070008000000000000001',
        kind: 'order.confirmed',
        message: 'Order 12 is paid.',
        moment: '2025-06-01T10:00:00.000Z',
        order_id: '12',
        status: 'confirmed',
      },
      {
        id: 'ntc_0197c0ffee0070008000000000000002',
        kind: 'wallet.charged',
        message: '1500.00 UAH was paid from your wallet for order 12.',
        moment: '2025-06-01T10:00:00.020Z',
        order_id: '12',
        amount: '1500.00',
        currency: 'UAH',
      },
    ],
  },
)

export type Notification = Static<typeof Notification>

/** A notice as its customer may see it: the same in the list and in the stream of events. */
export function notificationOf({
  id,
  kind,
  message,
  moment,
  orderId,
  status,
  details,
}: Notice): Notification {
  const { reason, amount, payment, shipment } = details
  return {
    id,
    kind,
    message,
    moment: toRfc3339(moment),
    ...(orderId !== null && { order_id: String(orderId) }),
    ...(status !== null && { status }),
    ...(reason !== undefined && { reason }),
    ...(amount !== undefined && { amount: toDecimal(amount), currency: amount.currency }),
    ...(payment !== undefined && { payment }),
    ...(shipment !== undefined && { shipment }),
  }
}
