//! Which of several processes does a thing: a row that its holder renews. Who may have lost it is refused inside the transaction.
import { and, eq, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { Clock, Instant } from '../../contracts/time.ts'
import { locked } from '../store/columns.ts'
import { type Params, query, type Store, type Tx } from '../store/store.ts'
import { reasonOf } from './retry.ts'
import type { LeaseQ, LeaseTables } from './tables.ts'
import { Bell, realTimer, type SetTimer } from './wait.ts'

export type LeaseOptions = {
  readonly store: Store<LeaseTables>
  /** E.g. `relay` or `reader:LOMS`. */
  readonly name: string
  /** This process, unlike any other. */
  readonly holder: string
  readonly now: Clock
  readonly log: Logger
  readonly lifetimeMs?: number
  readonly setTimer?: SetTimer
}

/** Handed to what runs under the lease. */
export type Held = {
  /** Throws where another holder has taken over; to be called in the transaction that relies on the lease. */
  mustHold(tx: Tx<LeaseTables>): Promise<void>
}

export type Lease = {
  /** Runs it whenever the lease is ours, until the signal; its own signal is given when the lease is lost. */
  run(work: (held: Held, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
}

export class LeaseLost extends Error {
  constructor(name: string) {
    super(`another process holds the lease ${name}`)
    this.name = 'LeaseLost'
  }
}

const defaultLifetimeMs = 5_000

// The clocks of two machines differ; the database's does not. SQLite has one process, whose clock is handed in.
const databaseNow = (dialect: string, now: Instant) =>
  dialect === 'postgres' ? sql`(extract(epoch from clock_timestamp()) * 1000)::bigint` : sql`${now}`

type Row = { name: string; holder: string; now: Instant; lifetimeMs: number }

const take = query(({ db, dialect, tables: { leases: t } }: LeaseQ, p: Params<Row>) => {
  const now = databaseNow(dialect, p.now)
  const expiresAt = sql`${now} + ${dialect === 'postgres' ? sql`${p.lifetimeMs}::bigint` : p.lifetimeMs}`
  return db
    .insert(t)
    .values({ name: p.name, holder: p.holder, expiresAt })
    .onConflictDoUpdate({
      target: t.name,
      set: { holder: sql`excluded.holder`, expiresAt: sql`excluded.expires_at` },
      setWhere: sql`${t.holder} = excluded.holder or ${t.expiresAt} < ${now}`,
    })
    .returning({ holder: t.holder })
})

const giveBack = query(({ db, tables: { leases: t } }: LeaseQ, p: Params<Pick<Row, 'name' | 'holder'>>) =>
  db.delete(t).where(and(eq(t.name, p.name), eq(t.holder, p.holder))),
)

const holderOf = query(({ db, tables: { leases: t } }: LeaseQ, p: Params<Pick<Row, 'name'>>) =>
  locked(db.select({ holder: t.holder }).from(t).where(eq(t.name, p.name))),
)

export function createLease(options: LeaseOptions): Lease {
  const { store, name, holder, now, log, lifetimeMs = defaultLifetimeMs, setTimer = realTimer } = options
  const renewMs = lifetimeMs / 3

  /** False where somebody else has it; what cannot be asked is not ours either, once its time is over. */
  const tryTake = async () =>
    (await store.write((tx) => take(tx, { name, holder, now: now(), lifetimeMs }))).length > 0

  const held: Held = {
    async mustHold(tx) {
      const [row] = await holderOf(tx, { name })
      if (row?.holder !== holder) throw new LeaseLost(name)
    },
  }

  /** Renews until it is lost or the signal is given. */
  async function keep(bell: Bell, signal: AbortSignal): Promise<void> {
    let renewedAt = now()
    while (!signal.aborted) {
      await bell.wait(renewMs, signal)
      if (signal.aborted) return
      try {
        if (!(await tryTake())) return
        renewedAt = now()
      } catch (error) {
        log.warn({ lease: name, reason: reasonOf(error) }, 'cannot renew a lease')
        if (now() - renewedAt > lifetimeMs) return
      }
    }
  }

  return {
    async run(work, signal) {
      const bell = new Bell(setTimer)
      while (!signal.aborted) {
        const taken = await tryTake().catch((error: unknown) => {
          log.warn({ lease: name, reason: reasonOf(error) }, 'cannot ask for a lease')
          return false
        })
        // Who was stopped while asking has nothing to run any more; the lease is given back below.
        if (taken && !signal.aborted) {
          log.info({ lease: name }, 'took a lease')
          const lost = new AbortController()
          const stop = () => lost.abort()
          signal.addEventListener('abort', stop)
          await Promise.all([keep(bell, lost.signal).finally(stop), work(held, lost.signal).finally(stop)])
          signal.removeEventListener('abort', stop)
          log.info({ lease: name }, 'left a lease')
        }
        if (!signal.aborted) await bell.wait(renewMs, signal)
      }
      await store
        .write((tx) => giveBack(tx, { name, holder }))
        .catch((error: unknown) => {
          log.warn({ lease: name, reason: reasonOf(error) }, 'a lease was not given back; it expires')
        })
    },
  }
}

/** What runs in one process only, as SQLite's do, needs no lease. */
export const unleased: Lease = {
  run: (work, signal) => work({ mustHold: async () => undefined }, signal),
}
