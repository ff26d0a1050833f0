//! A trace of every fact that was acted on, written with the effect itself, and with nothing to keep a second one out.
import type { Database } from 'bun:sqlite'
import { type Handler, on } from '../../runtime/messages/handler.ts'
import { sqliteKit } from '../../runtime/store/columns.ts'
import { type Params, type QueryKit, query } from '../../runtime/store/store.ts'

const effects = sqliteKit.table('effects', {
  eventId: sqliteKit.text('event_id').notNull(),
  key: sqliteKit.text('key').notNull(),
})

export const createEffects = (database: Database): void => {
  database.exec('create table effects (event_id text not null, key text not null) strict')
}

const insertEffect = query(({ db }: QueryKit<unknown>, p: Params<{ eventId: string; key: string }>) =>
  db.insert(effects).values({ eventId: p.eventId, key: p.key }),
)

/** The same handlers; whatever is handled leaves its trace in the same transaction. */
export const traced = <T>(handlers: readonly Handler<T>[]): Handler<T>[] =>
  handlers.map(({ event, handle }) =>
    on<T, typeof event>(event, async (tx, fact) => {
      await insertEffect(tx, { eventId: fact.id, key: fact.key })
      return await handle(tx, fact)
    }),
  )
