//! What a service hands over so that its routes can be served.
import type { Registry } from 'prom-client'
import type { NewId } from '../../contracts/ids.ts'
import type { Clock } from '../../contracts/time.ts'
import type { Authenticate } from '../auth.ts'
import type { Logger } from '../log.ts'

export type Readiness = {
  readonly ready: boolean
  /** Parts that are away although the service works without them. */
  readonly degraded: readonly string[]
}

export type HttpDeps = {
  readonly service: string
  readonly version: string
  /** One paragraph for the head of the document. */
  readonly description: string
  readonly log: Logger
  readonly registry: Registry
  readonly now: Clock
  readonly newId: NewId
  readonly authenticate: Authenticate
  /** Keys the fingerprints of idempotent requests. */
  readonly idempotencySecret: string
  readonly bodyLimitBytes: number
  readonly requestTimeoutMs: number
  /** Requests in work at once; the next one is answered `overloaded`. */
  readonly inFlightMax: number
  readonly ready: () => Promise<Readiness>
  /** What the document says about tokens beside the usual. */
  readonly securityNote?: string
  /** Addresses that stand before us and whose `X-Forwarded-For` is believed; nobody's unless told. */
  readonly trustedProxies?: ReadonlySet<string>
  /** Sent with every answer; `peer` tells who holds the other end of the connection. */
  readonly headers?: (request: Request, peer: () => string | undefined) => Readonly<Record<string, string>>
  /** What the page shows in place of the document of the own routes. */
  readonly document?: () => Promise<object>
  /** What the page runs after Swagger UI's own code, which makes `SwaggerUIBundle`. */
  readonly pageScript?: string
}
