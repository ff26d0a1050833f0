//! The tables of a service that announces facts, and of one that reads them; to be spread into its own schema.
import { sql } from 'drizzle-orm'
import type { EventId, TenantId } from '../../contracts/ids.ts'
import type { Kit } from '../store/columns.ts'
import type { QueryKit } from '../store/store.ts'

/** `...outboxTables(kit)` for a service that announces. */
export function outboxTables(kit: Kit) {
  const outbox = kit.table(
    'outbox',
    {
      /** The order in which facts were announced. */
      position: kit.sequence('position'),
      id: kit.text<EventId>('id').notNull(),
      type: kit.text('type').notNull(),
      /** What the fact is about, e.g. the order: the facts of one key are told in their order. */
      key: kit.text('key').notNull(),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      moment: kit.instant('moment').notNull(),
      traceparent: kit.text('traceparent'),
      /** JSON text, as it goes out. */
      data: kit.text('data').notNull(),
      /** When the stream had taken it; null while it has not, or has lost it again. */
      sentAt: kit.instant('sent_at'),
      /** Where it is in the stream, or was before the stream lost it: it is published again in that order. */
      streamSequence: kit.number('stream_sequence'),
    },
    (t) => [
      kit.uniqueIndex('outbox_by_id').on(t.id),
      // What was never sent is found here too: it is where the sequence is null, in the order of its positions.
      kit.index('outbox_by_stream_sequence').on(t.streamSequence, t.position),
      // Empty unless the stream has lost something.
      kit
        .index('outbox_to_repair')
        .on(t.streamSequence, t.position)
        .where(sql`sent_at is null and stream_sequence is not null`),
      kit.check('sent_has_a_sequence', sql`${t.sentAt} is null or ${t.streamSequence} is not null`),
    ],
  )
  return { outbox, ...leaseTables(kit) }
}

/** `...readerTables(kit)` for a service that reads the streams of others. */
export function readerTables(kit: Kit) {
  const places = kit.table(
    'places',
    {
      stream: kit.text('stream').notNull(),
      /** Everything up to here was read. */
      sequence: kit.number('sequence').notNull(),
      /** The event that stood there; empty where none was seen. */
      eventId: kit.text('event_id').notNull(),
      moment: kit.instant('moment').notNull(),
    },
    (t) => [kit.primaryKey({ columns: [t.stream] })],
  )
  const inbox = kit.table(
    'inbox',
    {
      stream: kit.text('stream').notNull(),
      eventId: kit.text('event_id').notNull(),
      /** Where it stood when it was last read. */
      sequence: kit.number('sequence').notNull(),
      moment: kit.instant('moment').notNull(),
      /** `ok`, the code of a refusal, or what became of a fact that failed: `dead`, `parked`, `skipped`. */
      outcome: kit.text('outcome').notNull(),
    },
    (t) => [
      kit.primaryKey({ columns: [t.stream, t.eventId] }),
      // For the way back, and for pruning from the oldest on.
      kit.index('inbox_by_sequence').on(t.stream, t.sequence),
    ],
  )
  const deadLetters = kit.table(
    'dead_letters',
    {
      /** The order in which they came: of one key, the first is the one that the others wait for. */
      position: kit.sequence('position'),
      stream: kit.text('stream').notNull(),
      eventId: kit.text('event_id').notNull(),
      sequence: kit.number('sequence').notNull(),
      subject: kit.text('subject').notNull(),
      type: kit.text('type').notNull(),
      /** Empty where it could not be read: nothing waits behind such a one. */
      key: kit.text('key').notNull(),
      tenantId: kit.text<TenantId>('tenant_id').notNull(),
      headers: kit.json<Readonly<Record<string, string>>>('headers').notNull(),
      data: kit.text('data').notNull(),
      /** `base64` where the data is no text that both engines can keep. */
      encoding: kit.text<'text' | 'base64'>('encoding').notNull(),
      reason: kit.text('reason').notNull(),
      attempts: kit.number('attempts').notNull(),
      state: kit.text<'failed' | 'parked'>('state').notNull(),
      moment: kit.instant('moment').notNull(),
    },
    (t) => [
      kit.uniqueIndex('dead_letters_by_event').on(t.stream, t.eventId),
      kit.index('dead_letters_by_key').on(t.stream, t.tenantId, t.key, t.position),
      kit.check('state_is_known', sql`${t.state} in ('failed', 'parked')`),
      kit.check('encoding_is_known', sql`${t.encoding} in ('text', 'base64')`),
    ],
  )
  return { places, inbox, deadLetters, ...leaseTables(kit) }
}

/** Which of several processes runs a relay or a reader. */
export function leaseTables(kit: Kit) {
  const leases = kit.table(
    'leases',
    {
      name: kit.text('name').notNull(),
      holder: kit.text('holder').notNull(),
      expiresAt: kit.instant('expires_at').notNull(),
    },
    (t) => [kit.primaryKey({ columns: [t.name] })],
  )
  return { leases }
}

export type OutboxTables = ReturnType<typeof outboxTables>
export type ReaderTables = ReturnType<typeof readerTables>
export type LeaseTables = ReturnType<typeof leaseTables>
export type OutboxQ = QueryKit<OutboxTables>
export type ReaderQ = QueryKit<ReaderTables>
export type LeaseQ = QueryKit<LeaseTables>
