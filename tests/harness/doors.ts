//! What every door of a service under test is handed, and the callers that it knows.
import { Registry } from 'prom-client'
import { defaultTenant, newId, type TenantId } from '../../contracts/ids.ts'
import { accountRoles } from '../../contracts/roles.ts'
import { userIdOf } from '../../contracts/scalars.ts'
import type { Clock } from '../../contracts/time.ts'
import { createAuthenticate } from '../../runtime/auth.ts'
import { type GrpcServer, type GrpcService, grpcServer } from '../../runtime/grpc.ts'
import type { HttpDeps } from '../../runtime/http.ts'
import { createLog } from '../../runtime/log.ts'
import type { VerifyToken } from '../../runtime/tokens.ts'

export const serviceToken = 'a-service'
export const asService = { authorization: `Bearer ${serviceToken}` }

/** `customer-7`, `admin-1`: whoever says so, is. Of another tenant with its name behind: `admin-1-other`. */
const verifyAnybody: VerifyToken = async (token) => {
  const [name, id = '', tenant = defaultTenant] = token.split('-')
  const role = accountRoles.find((each) => each === name)
  if (role === undefined || !/^[1-9][0-9]*$/.test(id)) return undefined
  return { userId: userIdOf(id), role, tenantId: tenant as TenantId, sessionId: 'ses_1' }
}
export const as = (who: string) => ({ authorization: `Bearer ${who}` })

export type Callers = { readonly requireAuth?: boolean; readonly verifyToken?: VerifyToken }

/** Only routes for users ask for a token unless told otherwise, as on loopback. */
export function doorDeps(
  service: string,
  now: Clock,
  { requireAuth = false, verifyToken = verifyAnybody }: Callers = {},
): HttpDeps {
  return {
    service,
    version: '0.0.0',
    description: 'for tests',
    log: createLog(service, 'silent'),
    registry: new Registry(),
    now,
    newId,
    authenticate: createAuthenticate({ requireAuth, serviceToken, verifyToken }),
    idempotencySecret: 'a secret of the test',
    bodyLimitBytes: 1024 * 1024,
    requestTimeoutMs: 10_000,
    inFlightMax: 1000,
    ready: async () => ({ ready: true, degraded: [] }),
  }
}

/** On a free port. */
export function serveGrpc(service: GrpcService, deps: HttpDeps): Promise<GrpcServer> {
  return grpcServer({
    ...deps,
    host: '127.0.0.1',
    port: 0,
    services: [service],
    ready: () => true,
    maxInFlight: 100,
  })
}
