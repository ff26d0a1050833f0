//! At the start of a process: sagas that another had taken up are taken up at once where it cannot be alive any more.
import { plusMs } from '../../contracts/time.ts'
import type { Deps } from '../deps.ts'
import { makeSagasDue } from '../store/sagas.ts'
import { pauseMsMax } from './drive-saga.ts'

/**
 * Who else has SQLite's file open is dead. Where several processes may work side by side it waits for their time to be over;
 * what is put off for longer than anybody does it was put off by a clock that has been set back since.
 */
export async function wakeSagas({
  store,
  now,
}: Pick<Deps, 'now'> & { readonly store: Pick<Deps['store'], 'dialect' | 'write'> }): Promise<void> {
  const at = now()
  const after = store.dialect === 'sqlite' ? at : plusMs(at, pauseMsMax)
  await store.write((tx) => makeSagasDue(tx, { now: at, after }))
}
