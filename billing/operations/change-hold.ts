//! The step that capturing, voiding and giving back share: load, decide, move the money, announce.
import type { Result } from '../../contracts/errors.ts'
import type { Cause } from '../../runtime/messages/outbox.ts'
import type { Deps } from '../deps.ts'
import type { Decision, Hold, HoldKey } from '../domain/hold.ts'
import { holdFacts } from '../facts.ts'
import { lockHold, moveHold } from '../store/holds.ts'
import type { Tx } from '../store/schema.ts'
import { record } from '../store/wallets.ts'

/** Runs inside the caller's transaction. */
export async function changeHold(
  tx: Tx,
  deps: Pick<Deps, 'now' | 'newId' | 'announce'>,
  cause: Cause,
  key: HoldKey,
  decide: (held: Hold | undefined) => Decision,
): Promise<Result<void>> {
  const held = await lockHold(tx, key)
  const { reply, change } = decide(held)
  if (change === undefined) return reply
  if (held?.asked === undefined) throw new Error(`order ${key.orderId} has no money that could move`)
  const { tenantId, orderId, asked, state: from } = held
  const { state, posting } = change
  const moment = deps.now()
  const wallet = { tenantId, userId: asked.userId, currency: asked.amount.currency }
  await moveHold(tx, key, { from, state, updatedAt: moment })
  await record(tx, wallet, posting, { id: deps.newId('entry'), moment })
  await deps.announce(tx, cause, holdFacts({ tenantId, orderId, state, asked }, moment))
  return reply
}
