//! The clock's operation for sagas: takes up what a process left behind or another service did not answer.
import type { Instant } from '../../contracts/time.ts'
import { plusMs } from '../../contracts/time.ts'
import { childTraceparent } from '../../runtime/call.ts'
import type { SagaDeps } from '../deps.ts'
import { claimSaga, dueSagas, nearestRetry } from '../store/sagas.ts'
import { driveSaga } from './drive-saga.ts'
import { leaseMs } from './take-news.ts'

/** So many at a time, so that a long outage does not end in a flood. */
const chunk = 16

/** Drives what is due and answers when the next one is, or undefined where none waits. */
export async function runSagas(deps: SagaDeps): Promise<Instant | undefined> {
  const now = deps.now()
  const mine = await deps.store.write(async (tx) => {
    const due = await dueSagas(tx, now, chunk)
    const claims = await Promise.all(
      due.map(async ({ tenantId, orderId, retryAt }) => {
        const claim = { tenantId, orderId, seen: retryAt ?? now, until: plusMs(now, leaseMs) }
        return (await claimSaga(tx, claim)) === 1 ? [{ tenantId, orderId }] : []
      }),
    )
    return claims.flat()
  })
  await Promise.all(
    mine.map((id) => {
      const call = {
        tenantId: id.tenantId,
        caller: 'service',
        requestId: deps.newId('request'),
        traceparent: childTraceparent(undefined),
        deadlineAt: plusMs(deps.now(), leaseMs),
      }
      return driveSaga(deps, call, id)
    }),
  )
  return await deps.store.read((tx) => nearestRetry(tx))
}
