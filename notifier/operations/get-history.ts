//! `history`: what a customer was told about orders, the newest first.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { UserId } from '../../contracts/ids.ts'
import { type Instant, instantOf } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { noticesOf, type OrderNotice } from '../store/notices.ts'

export type GetHistory = {
  readonly userId: UserId
  /** Inclusive. */
  readonly from?: Instant | undefined
  /** Exclusive. */
  readonly to?: Instant | undefined
}

/** The longest history that is answered: of more, the newest. */
export const noticesMax = 1000

const everBefore = instantOf(Number.MIN_SAFE_INTEGER)
const everAfter = instantOf(Number.MAX_SAFE_INTEGER)

/** The newest thousand of the time asked for. Refused with `invalid_argument` where it ends before it begins. */
export async function getHistory(
  deps: Pick<Deps, 'store'>,
  call: Call,
  { userId, from = everBefore, to = everAfter }: GetHistory,
): Promise<Result<readonly OrderNotice[]>> {
  if (from > to) {
    const message = 'from must not be later than to'
    return fail('invalid_argument', { errors: ['/from', '/to'].map((path) => ({ path, message })) })
  }
  const history = { tenantId: call.tenantId, userId, from, to, limit: noticesMax }
  return ok(await deps.store.read((tx) => noticesOf(tx, history)))
}
