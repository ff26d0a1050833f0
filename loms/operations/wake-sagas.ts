//! At the start of a process: sagas that another had taken up are taken up at once where it cannot be alive any more.
import type { Deps } from '../deps.ts'
import { makeSagasDue } from '../store/sagas.ts'

/** Where several processes may work side by side it waits for their time to be over; who else has SQLite's file open is dead. */
export async function wakeSagas({ store, now }: Pick<Deps, 'store' | 'now'>): Promise<void> {
  if (store.dialect === 'sqlite') await store.write((tx) => makeSagasDue(tx, { now: now() }))
}
