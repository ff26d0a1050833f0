//! The step that every order paid from a wallet has: its saga is driven, or waited for, while its caller waits.
import type { OrderId } from '../../contracts/ids.ts'
import { plusMs } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import { isStoreAway } from '../../runtime/messages/retry.ts'
import type { SagaDeps } from '../deps.ts'
import { type Saga, sagaOf } from '../store/sagas.ts'
import { driveSaga } from './drive-saga.ts'

// What is left of the caller's time is for the answer that the outcome is not known yet.
const answerMs = 500
const pollMs = 20
const pollMsMax = 200

/**
 * Until the order is no longer pending or the caller's time is nearly over. Who asks again only looks: the first caller, or the
 * clock, goes on with it.
 */
export async function awaitSaga(
  deps: SagaDeps,
  call: Call,
  orderId: OrderId,
  { isRepeat = false }: { readonly isRepeat?: boolean } = {},
): Promise<void> {
  const id = { tenantId: call.tenantId, orderId }
  const asking = { ...call, deadlineAt: plusMs(call.deadlineAt, -answerMs) }
  for (let waitMs = pollMs; ; waitMs = Math.min(2 * waitMs, pollMsMax)) {
    const looking =
      deps.sagaMode === 'orchestration' && !isRepeat
        ? driveSaga(deps, asking, id)
        : deps.store.read((tx) => sagaOf(tx, id))
    const saga = await looking.catch(orUnknown)
    // Past the pivot nothing can fail any more; what is left is done without the caller.
    if (saga !== 'unknown' && (saga === undefined || !isUndecided(saga))) return
    if (deps.now() + waitMs > asking.deadlineAt) return
    await deps.sleep(waitMs)
  }
}

/** The order is there, and what cannot be written down now may be in a moment: until then nobody else would drive it. */
function orUnknown(error: unknown): 'unknown' {
  if (isStoreAway(error)) return 'unknown'
  throw error
}

/** Whether its order may still be had or not. */
export const isUndecided = ({ state }: Saga): boolean =>
  state === 'holding' || state === 'delivering' || state === 'waiting'
