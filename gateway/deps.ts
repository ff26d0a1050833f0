//! What a request on its way through the door is handed: nothing here is read from a module variable.
import type { Clock } from '../contracts/time.ts'
import type { Logger } from '../runtime/log.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { Forward } from './forward.ts'
import type { Limit } from './limits.ts'
import type { UpstreamName } from './routes.ts'
import type { Sessions } from './sessions.ts'

export type Deps = {
  readonly upstreams: Readonly<Record<UpstreamName, Forward>>
  readonly sessions: Sessions
  readonly verifyToken: VerifyToken
  readonly limits: { readonly address: Limit; readonly account: Limit; readonly signIns: Limit }
  readonly trustedProxies: ReadonlySet<string>
  readonly corsOrigins: ReadonlySet<string>
  readonly csrfSecret: string
  readonly now: Clock
  readonly log: Logger
}
