//! What billing hears of accounts, which is not simulated: its one fact of a new user, as its relay would send it.
import { UserRegistered } from '../../contracts/events/accounts.ts'
import type { DataOf } from '../../contracts/events/define.ts'
import { defaultTenant } from '../../contracts/ids.ts'
import type { Instant } from '../../contracts/time.ts'
import { toRfc3339 } from '../../contracts/time.ts'
import type { MemoryStream } from '../../runtime/messages/memory-stream.fixture.ts'
import type { World } from './world.ts'

export function register(stream: MemoryStream, world: World, user: number): void {
  const moment = toRfc3339(Math.floor(world.wallMs('accounts')) as Instant)
  const data: DataOf<typeof UserRegistered> = {
    user_id: user,
    tenant_id: defaultTenant,
    role: 'customer',
    moment,
  }
  const { type } = UserRegistered
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': `evt_accounts${stream.messages.length + 1}`,
    'ce-type': type,
    'ce-source': 'accounts',
    'ce-time': moment,
    'ce-subject': String(user),
    'ce-tenantid': defaultTenant,
  }
  stream.put(type, headers, JSON.stringify(data))
}
