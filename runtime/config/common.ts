//! The settings that every service has, and what follows from them: where it stands, whom it trusts, what it keeps secret.
import {
  type Static,
  type TInteger,
  type TObject,
  type TOptional,
  type TString,
  Type,
} from '@sinclair/typebox'
import type { SettingsRule } from '../config.ts'
import { addressesIn, wrongAddresses, wrongUrl } from './addresses.ts'

const port = (of: string, number: number) =>
  Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: number,
    description: `Port of ${of}; 0 takes a free one.`,
  })

/** Settings that have the same name for every service. */
const shared = {
  DATA_DIR: Type.String({ minLength: 1, default: '.data', description: 'Folder of the SQLite files.' }),
  NATS_URL: Type.String({
    minLength: 1,
    default: 'nats://127.0.0.1:4222',
    secret: true,
    description: 'Where nats-server listens.',
  }),
  NATS_STREAM_REPLICAS: Type.Integer({
    minimum: 1,
    maximum: 5,
    default: 1,
    description: 'How many servers of a NATS cluster keep each stream; 3 on a cluster of three.',
  }),
  LOG_LEVEL: Type.Union(
    (['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const).map((level) =>
      Type.Literal(level),
    ),
    { default: 'info', description: 'The least that is logged.' },
  ),
  KIOSK_ENV: Type.Optional(
    Type.Union([Type.Literal('development'), Type.Literal('production')], {
      defaultText: 'development while service and gateway are on loopback, else production',
      description: '`development` gives the secrets their defaults.',
    }),
  ),
  REQUIRE_AUTH: Type.Optional(
    Type.Boolean({
      defaultText: 'false in development on loopback, else true',
      description: 'Whether guarded calls need a token.',
    }),
  ),
  GATEWAY_HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description:
      'Address that the public door listens on. Where others can reach it, everything is in production unless KIOSK_ENV says otherwise, so tell it to all services.',
  }),
  JWKS_URL: Type.String({
    minLength: 1,
    default: 'http://127.0.0.1:8084/.well-known/jwks.json',
    description: 'Where accounts shows the public keys of access tokens.',
  }),
  TRUSTED_PROXIES: Type.String({
    minLength: 1,
    maxLength: 2048,
    default: '127.0.0.1,::1',
    description:
      'Addresses whose X-Forwarded-For a service believes, separated by commas: those that the gateway asks from. `none`: nobody’s. The gateway itself has GATEWAY_TRUSTED_PROXIES.',
  }),
  SERVICE_TOKEN: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      pattern: '^[!-~]+$',
      expected: 'text of 1 to 1024 visible ASCII characters',
      secret: true,
      description:
        'The bearer by which our services know one another. Required with REQUIRE_AUTH outside development.',
    }),
  ),
  IDEMPOTENCY_SECRET: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      secret: true,
      description: 'Keys the fingerprints of idempotent requests. Required outside development.',
    }),
  ),
  HTTP_BODY_LIMIT_BYTES: Type.Integer({
    minimum: 1,
    maximum: 1_073_741_824,
    default: 1_048_576,
    description: 'The largest body that is read.',
  }),
  HTTP_IN_FLIGHT_MAX: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 1024,
    description: 'Requests in work at once; the next one is answered 503.',
  }),
  REQUEST_TIMEOUT_MS: Type.Integer({
    minimum: 1,
    maximum: 240_000,
    default: 10_000,
    description: 'How long a request may take.',
  }),
}

type Own<S extends string> = { [K in `${S}_HOST`]: TString } & { [K in `${S}_HTTP_PORT`]: TInteger } & {
  [K in `${S}_DATABASE_URL`]: TOptional<TString>
}
type Grpc<S extends string> = { [K in `${S}_GRPC_PORT`]: TInteger }

/** To be spread into a service's own settings: `Type.Object({ ...commonSettings('LOMS', { http: 8081, grpc: 9081 }), … })`. */
export function commonSettings<S extends string>(
  service: S,
  ports: { http: number; grpc: number },
): typeof shared & Own<S> & Grpc<S>
export function commonSettings<S extends string>(service: S, ports: { http: number }): typeof shared & Own<S>
export function commonSettings(
  service: string,
  ports: { http: number; grpc?: number },
): Record<string, unknown> {
  const host = Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address that the service listens on.',
  })
  const databaseUrl = Type.Optional(
    Type.String({
      minLength: 1,
      secret: true,
      defaultText: `sqlite:<DATA_DIR>/${service.toLowerCase()}.sqlite`,
      description: 'sqlite:<path> or postgres://…',
    }),
  )
  const grpc = ports.grpc === undefined ? {} : { [`${service}_GRPC_PORT`]: port('gRPC', ports.grpc) }
  return {
    [`${service}_HOST`]: host,
    [`${service}_HTTP_PORT`]: port('HTTP', ports.http),
    ...grpc,
    [`${service}_DATABASE_URL`]: databaseUrl,
    ...shared,
  }
}

type SharedValues = Static<TObject<typeof shared>>

/** What a service is told about itself: the common settings with everything computed that has no fixed default. */
export type Common = {
  readonly host: string
  readonly httpPort: number
  readonly grpcPort: number | undefined
  readonly databaseUrl: string
  readonly dataDir: string
  readonly natsUrl: string
  readonly streamReplicas: number
  readonly jwksUrl: string
  readonly logLevel: SharedValues['LOG_LEVEL']
  readonly isDevelopment: boolean
  readonly requireAuth: boolean
  readonly serviceToken: string | undefined
  readonly idempotencySecret: string
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: ReadonlySet<string>
  readonly bodyLimitBytes: number
  readonly inFlightMax: number
  readonly requestTimeoutMs: number
}

// Known to everybody who reads this, so they count in development only.
const developmentServiceToken = 'development-service-token'
const developmentIdempotencySecret = 'development-idempotency-secret'

/** The rule to hand to `parseEnv` beside the schema: no secret has a default outside development. */
export function commonRule(service: string): SettingsRule<TObject> {
  return (settings) => {
    const { isDevelopment, requireAuth } = standing(service, settings)
    const problems = [
      ...wrongAddresses('TRUSTED_PROXIES', settings.TRUSTED_PROXIES),
      ...wrongUrl('JWKS_URL', settings.JWKS_URL),
    ]
    if (isDevelopment) return problems
    if (requireAuth && settings.SERVICE_TOKEN === undefined) {
      problems.push('SERVICE_TOKEN is not set; REQUIRE_AUTH needs it outside development')
    }
    if (settings.IDEMPOTENCY_SECRET === undefined) {
      problems.push('IDEMPOTENCY_SECRET is not set; it has no default outside development')
    }
    return problems
  }
}

/** Works out the common settings of a service from what `parseEnv` read with `commonSettings` and `commonRule`. */
export function commonOf(service: string, settings: SharedValues): Common {
  const own = settings as SharedValues & Record<string, unknown>
  const { host, isDevelopment, requireAuth } = standing(service, own)
  const secret = (given: string | undefined, fallback: string) =>
    given ?? (isDevelopment ? fallback : undefined)
  const idempotencySecret = secret(settings.IDEMPOTENCY_SECRET, developmentIdempotencySecret)
  if (idempotencySecret === undefined) throw new Error('settings were read without commonRule')
  return {
    host,
    httpPort: Number(own[`${service}_HTTP_PORT`]),
    grpcPort: own[`${service}_GRPC_PORT`] === undefined ? undefined : Number(own[`${service}_GRPC_PORT`]),
    databaseUrl: databaseUrl(service, own),
    dataDir: settings.DATA_DIR,
    natsUrl: settings.NATS_URL,
    streamReplicas: settings.NATS_STREAM_REPLICAS,
    jwksUrl: settings.JWKS_URL,
    logLevel: settings.LOG_LEVEL,
    isDevelopment,
    requireAuth,
    serviceToken: secret(settings.SERVICE_TOKEN, developmentServiceToken),
    idempotencySecret,
    trustedProxies: addressesIn(settings.TRUSTED_PROXIES),
    bodyLimitBytes: settings.HTTP_BODY_LIMIT_BYTES,
    inFlightMax: settings.HTTP_IN_FLIGHT_MAX,
    requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
  }
}

function databaseUrl(service: string, settings: Record<string, unknown>): string {
  const given = settings[`${service}_DATABASE_URL`]
  return typeof given === 'string' ? given : `sqlite:${settings.DATA_DIR}/${service.toLowerCase()}.sqlite`
}

/**
 * Where the service stands decides the rest: on loopback, unless told otherwise, it is somebody's development machine. Not so
 * behind a gateway that others can reach: through it they reach us.
 */
function standing(service: string, settings: Readonly<Record<string, unknown>>) {
  const host = String(settings[`${service}_HOST`] ?? '127.0.0.1')
  const onLoopback = isLoopback(host)
  const isUnreachable = onLoopback && isLoopback(String(settings.GATEWAY_HOST ?? '127.0.0.1'))
  const isDevelopment =
    settings.KIOSK_ENV === undefined ? isUnreachable : settings.KIOSK_ENV === 'development'
  const requireAuth =
    typeof settings.REQUIRE_AUTH === 'boolean' ? settings.REQUIRE_AUTH : !(onLoopback && isDevelopment)
  return { host, isDevelopment, requireAuth }
}

/** For rules of a service's own: whether what has no default elsewhere has one here. */
export const isDevelopment = (service: string, settings: Readonly<Record<string, unknown>>): boolean =>
  standing(service, settings).isDevelopment

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').replace(/^::ffff:/i, '')
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address)
}
