//! Whose cart a caller may touch: an account its own; a service, or a trusted network, the one that it names.
import { fail } from '../contracts/errors.ts'
import type { UserId } from '../contracts/ids.ts'
import { type Answer, accountOf, type Call } from '../runtime/call.ts'

/** Refused with `permission_denied` where the cart is another's. */
export async function ownCart<T>(
  call: Call,
  userId: UserId,
  run: (userId: UserId) => Promise<Answer<T>>,
): Promise<Answer<T>> {
  const account = accountOf(call)
  return account === undefined || account === userId ? await run(userId) : fail('permission_denied')
}
