//! The settings of accounts.
import { availableParallelism } from 'node:os'
import { type Static, Type } from '@sinclair/typebox'
import {
  type Common,
  ConfigError,
  commonOf,
  commonRule,
  commonSettings,
  type Env,
  isDevelopment,
  parseEnv,
} from '../runtime/config.ts'
import type { LimitOptions } from './limits.ts'
import { hashesAtOnce, type PasswordOptions } from './passwords.ts'
import { type ProviderSettings, providerSettings, providersOf } from './provider-settings.ts'

const secret = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 1024, secret: true, description }))
const count = (initial: number, maximum: number, description: string) =>
  Type.Integer({ minimum: 1, maximum, default: initial, description })

export const settings = Type.Object({
  ...commonSettings('ACCOUNTS', { http: 8084 }),
  ACCOUNTS_PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^/?#]+/?$',
      expected: 'http:// or https:// and a host, without a path',
      defaultText: 'http://127.0.0.1:8080 in development',
      description: 'Where browsers reach the shop: providers of sign-ins send them back there.',
    }),
  ),
  ACCOUNTS_SIGN_IN_RETURN_URL: Type.Optional(
    Type.String({
      pattern: '^https?://\\S+$',
      expected: 'http:// or https:// and at most 2048 characters, none of them blank',
      maxLength: 2048,
      description:
        'Where a browser goes after a sign-in with a provider; without it the tokens are the answer.',
    }),
  ),
  ACCOUNTS_KEY_SECRET: Type.Optional(
    Type.String({
      minLength: 32,
      maxLength: 1024,
      secret: true,
      description:
        'Closes the private signing keys in the database. Required outside development. After a change a new key is made.',
    }),
  ),
  ACCOUNTS_KEY_ROTATION_HOURS: count(720, 8760, 'How long a signing key signs.'),
  ACCOUNTS_SESSION_HOURS: count(720, 8760, 'How long one stays signed in.'),
  ACCOUNTS_ADMIN_LOGIN: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'Login of the first admin, made where nobody has it.',
    }),
  ),
  ACCOUNTS_ADMIN_PASSWORD: secret('Password of the first admin.'),
  ACCOUNTS_ARGON2_MEMORY_KIB: Type.Integer({
    minimum: 1024,
    maximum: 1_048_576,
    default: 19_456,
    description: 'Memory of a password hash.',
  }),
  ACCOUNTS_ARGON2_PASSES: count(2, 16, 'Passes of a password hash over its memory.'),
  ACCOUNTS_HASHES_AT_ONCE: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 64,
      defaultText: '1 where there are one or two cores, else 2',
      description:
        'Password hashes at work at once; each takes a core. As many as there are cores hold up every token.',
    }),
  ),
  ACCOUNTS_HASHES_WAITING: count(64, 10_000, 'Password hashes that wait; the next one is answered 503.'),
  ACCOUNTS_FAILURES_PER_ADDRESS: count(50, 1_000_000, 'Wrong passwords of one address in five minutes.'),
  ACCOUNTS_FAILURES_PER_ACCOUNT: count(
    10,
    1_000_000,
    'Wrong passwords for one account from one neighbourhood (IPv4 /24, IPv6 /48) in fifteen minutes.',
  ),
  ACCOUNTS_FAILURES_OF_STRANGERS: count(
    100,
    1_000_000,
    'Wrong passwords for one account in an hour from everywhere that it was never signed in to from.',
  ),
  ACCOUNTS_REGISTRATIONS_PER_ADDRESS: count(300, 1_000_000, 'Accounts made from one address in an hour.'),
  ACCOUNTS_SIGN_INS_PER_ADDRESS: count(
    60,
    1_000_000,
    'Sign-ins with a provider begun from one address in ten minutes.',
  ),
  ...providerSettings,
})

export type Config = Common & {
  readonly publicUrl: string
  readonly returnUrl: string | undefined
  readonly keySecret: string | undefined
  readonly rotationMs: number
  readonly sessionMs: number
  readonly admin: { readonly login: string; readonly password: string } | undefined
  readonly passwords: PasswordOptions
  readonly limits: LimitOptions
  readonly providers: readonly ProviderSettings[]
}

const hourMs = 3_600_000
const developmentUrl = 'http://127.0.0.1:8080'

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const given = parseEnv(settings, env, [commonRule('ACCOUNTS'), secretRule, adminRule])
  const common = commonOf('ACCOUNTS', given)
  const { providers, problems } = providersOf(env, common.isDevelopment)
  if (providers.length > 0 && given.ACCOUNTS_PUBLIC_URL === undefined && !common.isDevelopment)
    problems.push('ACCOUNTS_PUBLIC_URL is not set; providers of sign-ins need it outside development')
  if (problems.length > 0) throw new ConfigError(problems)
  const { ACCOUNTS_ADMIN_LOGIN: login, ACCOUNTS_ADMIN_PASSWORD: password } = given
  return {
    ...common,
    publicUrl: given.ACCOUNTS_PUBLIC_URL ?? developmentUrl,
    returnUrl: given.ACCOUNTS_SIGN_IN_RETURN_URL,
    keySecret: given.ACCOUNTS_KEY_SECRET,
    rotationMs: given.ACCOUNTS_KEY_ROTATION_HOURS * hourMs,
    sessionMs: given.ACCOUNTS_SESSION_HOURS * hourMs,
    admin: login === undefined || password === undefined ? undefined : { login, password },
    passwords: {
      memoryKib: given.ACCOUNTS_ARGON2_MEMORY_KIB,
      passes: given.ACCOUNTS_ARGON2_PASSES,
      atOnce: given.ACCOUNTS_HASHES_AT_ONCE ?? hashesAtOnce(availableParallelism()),
      waiting: given.ACCOUNTS_HASHES_WAITING,
    },
    limits: {
      address: { points: given.ACCOUNTS_FAILURES_PER_ADDRESS, seconds: 300 },
      accountFromRange: { points: given.ACCOUNTS_FAILURES_PER_ACCOUNT, seconds: 900 },
      accountFromStrangers: { points: given.ACCOUNTS_FAILURES_OF_STRANGERS, seconds: 3600 },
      registrations: { points: given.ACCOUNTS_REGISTRATIONS_PER_ADDRESS, seconds: 3600 },
      signIns: { points: given.ACCOUNTS_SIGN_INS_PER_ADDRESS, seconds: 600 },
    },
    providers,
  }
}

type Given = Readonly<Partial<Static<typeof settings>>>

function secretRule(given: Given): readonly string[] {
  if (given.ACCOUNTS_KEY_SECRET !== undefined || isDevelopment('ACCOUNTS', given)) return []
  return ['ACCOUNTS_KEY_SECRET is not set; it has no default outside development']
}

function adminRule({ ACCOUNTS_ADMIN_LOGIN, ACCOUNTS_ADMIN_PASSWORD }: Given): readonly string[] {
  if ((ACCOUNTS_ADMIN_LOGIN === undefined) === (ACCOUNTS_ADMIN_PASSWORD === undefined)) return []
  return ['ACCOUNTS_ADMIN_LOGIN and ACCOUNTS_ADMIN_PASSWORD belong together']
}
