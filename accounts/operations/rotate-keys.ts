//! `rotate-keys`: makes the signing key that is due, forgets those that are spent, and hands all to the ring.
import type { Instant } from '../../contracts/time.ts'
import type { Deps } from '../deps.ts'
import { dueKey, isSpent, nextLook } from '../domain/keys.ts'
import { newKeyPair } from '../key-ring.ts'
import { dropKey, keyRows, putKey } from '../store/keys.ts'

type RotateDeps = Pick<Deps, 'store' | 'now' | 'ring' | 'box' | 'keyPolicy'>

/** Answers when there is something to do next. Asked by several processes at once, they end up with the same keys. */
export async function rotateKeys(deps: RotateDeps): Promise<Instant | undefined> {
  const { store, now, ring, box, keyPolicy } = deps
  const at = now()
  const known = await ring.set(await store.read(keyRows))
  const due = dueKey(known, keyPolicy, at)
  const spent = known.filter((key) => isSpent(key, keyPolicy, at))
  if (due === undefined && spent.length === 0) return nextLook(known, keyPolicy, at)

  const pair = due === undefined ? undefined : { ...due, ...(await newKeyPair(box)) }
  const rows = await store.write(async (tx) => {
    if (pair !== undefined) await putKey(tx, pair)
    for (const key of spent) await dropKey(tx, key.number)
    return await keyRows(tx)
  })
  return nextLook(await ring.set(rows), keyPolicy, at)
}
