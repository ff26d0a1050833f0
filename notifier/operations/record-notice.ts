//! A fact, told to the customer whom it is about: one notice a fact, whatever is delivered twice.
import type { EventId, TenantId } from '../../contracts/ids.ts'
import { userIdOf } from '../../contracts/scalars.ts'
import { parseRfc3339 } from '../../contracts/time.ts'
import { Unusable } from '../../runtime/messages/handler.ts'
import type { Deps } from '../deps.ts'
import { type News, type Notice, tell } from '../domain/notice.ts'
import { putNotice } from '../store/notices.ts'
import type { Tx } from '../store/schema.ts'

/** What every fact about a customer says, whichever of them it is. */
export type CustomerFact = {
  readonly user_id: number | string
  readonly tenant_id: string
  readonly moment: string
}

/** Runs in the reader's transaction. The notice, or undefined where this fact was told before. */
export async function recordNotice(
  tx: Tx,
  deps: Pick<Deps, 'newId'>,
  { eventId, fact, news }: { readonly eventId: EventId; readonly fact: CustomerFact; readonly news: News },
): Promise<Notice | undefined> {
  const moment = parseRfc3339(fact.moment)
  if (moment === undefined) throw new Unusable('its moment is no time')
  const notice: Notice = {
    id: deps.newId('notice'),
    tenantId: fact.tenant_id as TenantId,
    userId: userIdOf(fact.user_id),
    ...tell(news),
    moment,
    eventId,
  }
  return (await putNotice(tx, notice)) ? notice : undefined
}
