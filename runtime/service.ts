//! What every service process has in common: its log, metrics, clock and ids, its way to NATS, and how its doors are opened.
import { sql } from 'drizzle-orm'
import type { Registry } from 'prom-client'
import { type NewId, newId } from '../contracts/ids.ts'
import { type Clock, processClock } from '../contracts/time.ts'
import { type Authenticate, createAuthenticate } from './auth.ts'
import type { Common } from './config.ts'
import type { GrpcServer, GrpcService } from './grpc.ts'
import type { HttpDeps } from './http.ts'
import { createLog, flushLog, type Logger } from './log.ts'
import { createLease, type Lease, unleased } from './messages/lease.ts'
import type { LeaseTables } from './messages/tables.ts'
import { createMetrics } from './metrics.ts'
import { connectNats, type Nats } from './nats.ts'
import { laneMetrics } from './store/metrics.ts'
import type { OpenOptions } from './store/open.ts'
import type { Store } from './store/store.ts'
import { remoteKeys, type TokenOptions, tokenVerifier } from './tokens.ts'

export type Frame = {
  readonly log: Logger
  readonly registry: Registry
  readonly now: Clock
  readonly newId: NewId
  readonly authenticate: Authenticate
  /** What every store is opened with, beside its own schema and migrations. */
  readonly storeOptions: Pick<OpenOptions<unknown>, 'onBatch'>
  connect(): Nats
  /** Ready while the own store, if there is one, answers; without NATS the service is degraded and not unready. */
  http(about: { readonly description: string }, parts: { store?: Store<unknown>; nats: Nats }): HttpDeps
  grpc(services: readonly GrpcService[], parts: { store: Store<unknown> }): Promise<GrpcServer>
  /** For what must run in one process only; on SQLite there is only one. */
  lease<T extends LeaseTables>(store: Store<T>, name: string): Lease
}

const version = '0.1.0'

export type FrameOptions = {
  /** The public keys of access tokens; those that accounts shows unless told. */
  readonly keys?: TokenOptions['keys']
}

export function serviceFrame(service: string, config: Common, options: FrameOptions = {}): Frame {
  const log = createLog(service, config.logLevel)
  const { registry } = createMetrics(service)
  const now = processClock()
  const { keys = remoteKeys(config.jwksUrl, now) } = options
  const authenticate = createAuthenticate({ ...config, verifyToken: tokenVerifier({ keys, now }) })
  const holder = `${service} ${process.pid} ${newId('request')}`

  return {
    log,
    registry,
    now,
    newId,
    authenticate,
    storeOptions: { onBatch: laneMetrics(registry) },
    connect: () =>
      connectNats({
        url: config.natsUrl,
        streamReplicas: config.streamReplicas,
        name: service,
        log,
        registry,
        onClosed: (error) => {
          log.fatal({ err: error }, 'NATS is lost for good')
          flushLog(log).then(
            () => process.exit(1),
            () => process.exit(1),
          )
        },
      }),
    http: ({ description }, { store, nats }) => ({
      service,
      version,
      description,
      log,
      registry,
      now,
      newId,
      authenticate,
      idempotencySecret: config.idempotencySecret,
      bodyLimitBytes: config.bodyLimitBytes,
      requestTimeoutMs: config.requestTimeoutMs,
      inFlightMax: config.inFlightMax,
      trustedProxies: config.trustedProxies,
      ready: async () => ({
        ready: store === undefined || (await answers(store)),
        degraded: nats.isConnected() ? [] : ['nats'],
      }),
    }),
    grpc: async (services, { store }) => {
      // Only here: most services have none, and start in two thirds of the time without.
      const { grpcServer } = await import('./grpc.ts')
      return await grpcServer({
        host: config.host,
        port: config.grpcPort ?? 0,
        services,
        log,
        registry,
        now,
        newId,
        authenticate,
        ready: () => answers(store),
        idempotencySecret: config.idempotencySecret,
        maxInFlight: config.inFlightMax,
        bodyLimitBytes: config.bodyLimitBytes,
      })
    },
    lease: (store, name) =>
      store.dialect === 'sqlite' ? unleased : createLease({ store, name, holder, now, log }),
  }
}

async function answers(store: Store<unknown>): Promise<boolean> {
  const one = sql<unknown>`1`
  return await store
    .read(async (tx) => (await tx.db.select({ one }).from(sql`(select 1) as one`)).length === 1)
    .catch(() => false)
}
