//! The settings of gateway.
import { type TInteger, type TObject, type TOptional, type TString, Type } from '@sinclair/typebox'
import { keysPath } from '../contracts/tokens.ts'
import {
  addressesIn,
  type Common,
  commonOf,
  commonRule,
  commonSettings,
  type Env,
  isDevelopment,
  parseEnv,
  type SettingsRule,
  wrongAddresses,
} from '../runtime/config.ts'
import { type UpstreamName, upstreamNames } from './routes.ts'
import { parseTargets, type Target } from './upstreams.ts'

/** The settings of the services that say where they listen, with their defaults. */
const ports: Readonly<Record<UpstreamName, number>> = {
  loms: 8081,
  cart: 8082,
  catalog: 8083,
  accounts: 8084,
  billing: 8085,
  delivery: 8086,
  notifier: 8087,
}

type UpstreamSettings = { [K in `GATEWAY_UPSTREAM_${Uppercase<UpstreamName>}`]: TOptional<TString> }
type PortSettings = { [K in `${Uppercase<UpstreamName>}_HTTP_PORT`]: TInteger }

const upstreamSetting = (name: UpstreamName) =>
  `GATEWAY_UPSTREAM_${name.toUpperCase()}` as keyof UpstreamSettings
const portSetting = (name: UpstreamName) => `${name.toUpperCase()}_HTTP_PORT` as keyof PortSettings

const upstreamSettings = Object.fromEntries(
  upstreamNames.map((name) => [
    upstreamSetting(name),
    Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 2048,
        defaultText: `http://127.0.0.1:<${portSetting(name)}>`,
        description: `Where ${name} listens: addresses with weights, separated by commas, e.g. http://127.0.0.1:${ports[name]}=95,http://127.0.0.1:1${ports[name]}=5.`,
      }),
    ),
  ]),
) as UpstreamSettings

// The ports are settings of the services, and stand with them in .env.example.
const portSettings = Object.fromEntries(
  upstreamNames.map((name) => [
    portSetting(name),
    Type.Integer({ minimum: 0, maximum: 65_535, default: ports[name] }),
  ]),
) as PortSettings

const perMinute = (of: string, otherwise: number) =>
  Type.Integer({
    minimum: 0,
    maximum: 10_000_000,
    default: otherwise,
    description: `${of} a minute; 0 for as many as come.`,
  })

// It keeps nothing, so it has no database.
const { GATEWAY_DATABASE_URL: _, ...common } = commonSettings('GATEWAY', { http: 8080 })

export const settings = Type.Object({
  ...common,
  ...upstreamSettings,
  GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: perMinute('Requests of one address (of IPv6, of one /64)', 6_000),
  GATEWAY_ACCOUNT_REQUESTS_PER_MINUTE: perMinute('Requests of one account', 3_000),
  GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: perMinute(
    'Logins, registrations and password resets of one address',
    60,
  ),
  GATEWAY_TRUSTED_PROXIES: Type.Optional(
    Type.String({
      maxLength: 2048,
      description:
        'Addresses of proxies before us, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are believed. None unless set.',
    }),
  ),
  GATEWAY_CORS_ORIGINS: Type.Optional(
    Type.String({
      maxLength: 2048,
      description:
        'Origins of pages that may call from elsewhere, separated by commas, e.g. https://shop.example. None unless set.',
    }),
  ),
  GATEWAY_CSRF_SECRET: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      secret: true,
      description:
        'Makes the tokens of X-CSRF-Token; all processes of the gateway share it. Required outside development.',
    }),
  ),
})

export type Config = Common & {
  readonly upstreams: Readonly<Record<UpstreamName, readonly Target[]>>
  readonly requestsPerAddress: number
  readonly requestsPerAccount: number
  readonly signInsPerAddress: number
  readonly corsOrigins: readonly string[]
  readonly csrfSecret: string
}

// Known to everybody who reads this, so it counts in development only.
const developmentCsrfSecret = 'development-csrf-secret'

const listed = (text: unknown): string[] =>
  String(text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

const gatewayRule: SettingsRule<TObject> = (settings) => [
  ...upstreamNames.flatMap((name) => {
    const text = settings[upstreamSetting(name)]
    if (text === undefined || parseTargets(String(text)) !== undefined) return []
    return [
      `${upstreamSetting(name)} must be http://host:port=weight, separated by commas, not all of weight 0`,
    ]
  }),
  ...wrongAddresses('GATEWAY_TRUSTED_PROXIES', settings.GATEWAY_TRUSTED_PROXIES),
  ...listed(settings.GATEWAY_CORS_ORIGINS)
    .filter((origin) => URL.parse(origin)?.origin !== origin)
    .map(
      (origin) =>
        `GATEWAY_CORS_ORIGINS must hold origins such as https://shop.example, not ${JSON.stringify(origin)}`,
    ),
  ...(settings.GATEWAY_CSRF_SECRET === undefined && !isDevelopment('GATEWAY', settings)
    ? ['GATEWAY_CSRF_SECRET is not set; it has no default outside development']
    : []),
]

const all = Type.Object({ ...settings.properties, ...portSettings })

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const read = parseEnv(all, env, [commonRule('GATEWAY'), gatewayRule])
  const own = commonOf('GATEWAY', read)
  const targetsOf = (name: UpstreamName): readonly Target[] => {
    const given = parseTargets(read[upstreamSetting(name)] ?? '')
    return given ?? [{ url: `http://127.0.0.1:${read[portSetting(name)]}`, weight: 1 }]
  }
  const upstreams = Object.fromEntries(
    upstreamNames.map((name) => [name, targetsOf(name)]),
  ) as Config['upstreams']
  return {
    ...own,
    // Wherever accounts stands, its keys are there.
    jwksUrl: env.JWKS_URL ? own.jwksUrl : `${upstreams.accounts[0]?.url ?? ''}${keysPath}`,
    upstreams,
    requestsPerAddress: read.GATEWAY_ADDRESS_REQUESTS_PER_MINUTE,
    requestsPerAccount: read.GATEWAY_ACCOUNT_REQUESTS_PER_MINUTE,
    signInsPerAddress: read.GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE,
    // It stands before the services; before it stands somebody else, or nobody.
    trustedProxies: addressesIn(read.GATEWAY_TRUSTED_PROXIES),
    corsOrigins: listed(read.GATEWAY_CORS_ORIGINS),
    csrfSecret: read.GATEWAY_CSRF_SECRET ?? developmentCsrfSecret,
  }
}
