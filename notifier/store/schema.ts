//! The tables of notifier. `tenant_id` is part of every key but the notice's own.
import { sql } from 'drizzle-orm'
import type { EventId, NoticeId, OrderId, TenantId, UserId } from '../../contracts/ids.ts'
import { type OrderStatus, orderStatuses } from '../../contracts/order-status.ts'
import { readerTables } from '../../runtime/messages/tables.ts'
import type { Kit } from '../../runtime/store/columns.ts'
import type { QueryKit, Store, Tx as StoreTx } from '../../runtime/store/store.ts'
import type { NoticeDetails } from '../domain/notice.ts'

const oneOf = (words: readonly string[]) => sql.raw(words.map((word) => `'${word}'`).join(', '))

export function schema(kit: Kit) {
  const notices = kit.table(
    'notices',
    {
      /** The order of arrival. */
      arrival: kit.sequence('arrival'),
      id: kit.text<NoticeId>('id').notNull(),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      userId: kit.int64<UserId>('user_id').notNull(),
      /** The type of the fact that it tells. */
      kind: kit.text('kind').notNull(),
      /** Of what is about an order. */
      orderId: kit.int64<OrderId>('order_id'),
      /** Of `order.*`: where the order stands now. */
      status: kit.text<OrderStatus>('status'),
      details: kit.json<NoticeDetails>('details').notNull(),
      message: kit.text('message').notNull(),
      moment: kit.instant('moment').notNull(),
      eventId: kit.text<EventId>('event_id').notNull(),
    },
    (t) => [
      kit.uniqueIndex('notices_by_id').on(t.id),
      // The inbox lets a fact in once; this says it again.
      kit.uniqueIndex('notices_by_event').on(t.eventId),
      // A customer's history is read from here backwards.
      kit.index('notices_by_user').on(t.tenantId, t.userId, t.moment, t.arrival),
      // Who listens reads on from the last one heard.
      kit.index('notices_by_arrival').on(t.tenantId, t.userId, t.arrival),
      kit.check('status_is_known', sql`${t.status} in (${oneOf(orderStatuses)})`),
      kit.check(
        'status_is_of_an_order',
        sql`(${t.kind} like 'order.%') = (${t.status} is not null) and (${t.status} is null or ${t.orderId} is not null)`,
      ),
      kit.check('user_id_positive', sql`${t.userId} > 0`),
      kit.check('order_id_positive', sql`${t.orderId} > 0`),
      kit.check('kind_is_told', sql`length(${t.kind}) between 1 and 100`),
      kit.check('details_are_few', sql`length(${t.details}) <= 1000`),
      kit.check('message_is_said', sql`length(${t.message}) between 1 and 1000`),
    ],
  )

  return { notices, ...readerTables(kit) }
}

export type Tables = ReturnType<typeof schema>
export type NotifierStore = Store<Tables>
export type Tx = StoreTx<Tables>
export type Q = QueryKit<Tables>
