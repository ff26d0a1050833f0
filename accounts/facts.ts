//! What accounts tells the others: pure, from the account to its fact.
import { UserRegistered } from '../contracts/events/accounts.ts'
import { int64ToJson } from '../contracts/scalars.ts'
import { toRfc3339 } from '../contracts/time.ts'
import { type Fact, fact } from '../runtime/messages/outbox.ts'
import type { Account } from './domain/account.ts'

/** The account was made. */
export function userRegistered({ id, tenantId, role, createdAt }: Account): Fact {
  return fact(UserRegistered, String(id), {
    user_id: int64ToJson(id),
    tenant_id: tenantId,
    role,
    moment: toRfc3339(createdAt),
  })
}
