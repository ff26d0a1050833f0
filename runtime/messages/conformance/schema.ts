//! The tables of the suites of messages: one store that announces and reads, and remembers every effect.
import type { Kit } from '../../store/columns.ts'
import { outboxTables, readerTables } from '../tables.ts'

export function schema(kit: Kit) {
  const effects = kit.table('effects', {
    position: kit.sequence('position'),
    /** No unique index: a fact that has its effect twice must be seen. */
    eventId: kit.text('event_id').notNull(),
    key: kit.text('key').notNull(),
    number: kit.number('number').notNull(),
  })
  return { effects, ...outboxTables(kit), ...readerTables(kit) }
}

export type Tables = ReturnType<typeof schema>
