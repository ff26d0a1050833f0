//! What is to be done once a transaction is committed, and not at all where it is undone: what no transaction can take back.
import type { Store, Tx } from './store.ts'

export type Committing<T> = {
  /** The same store; bodies that run in it may say what is to be done afterwards. */
  readonly store: Store<T>
  /** Does nothing for a transaction of another store. A crash right after the commit loses what was to be done. */
  afterCommit(tx: Tx<T>, run: () => void): void
}

export function committing<T>(store: Store<T>): Committing<T> {
  const runsOf = new WeakMap<Tx<T>, (() => void)[]>()
  return {
    afterCommit: (tx, run) => {
      runsOf.get(tx)?.push(run)
    },
    store: {
      dialect: store.dialect,
      read: (body) => store.read(body),
      close: () => store.close(),
      async write(body) {
        let runs: readonly (() => void)[] = []
        const result = await store.write(async (tx) => {
          // A body may be run again, and only its last run is committed.
          const own: (() => void)[] = []
          runs = own
          runsOf.set(tx, own)
          return await body(tx)
        })
        for (const run of runs) run()
        return result
      },
    },
  }
}
