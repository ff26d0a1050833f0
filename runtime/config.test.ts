import { describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { problemsOf } from '../tests/harness/problems.ts'
import {
  ConfigError,
  commonOf,
  commonRule,
  commonSettings,
  describeSettings,
  type Env,
  isLoopback,
  parseEnv,
} from './config.ts'

const Shop = Type.Object({
  SHOP_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8081, description: 'Where it listens.' }),
  SHOP_NAME: Type.String({ minLength: 2 }),
  SHOP_OPEN: Type.Boolean({ default: false }),
  SHOP_SHARE: Type.Number({ minimum: 0, maximum: 1, default: 0.5 }),
  SHOP_KIND: Type.Union([Type.Literal('small'), Type.Literal('large')], { default: 'small' }),
  SHOP_MOTTO: Type.Optional(Type.String()),
  SHOP_SECRET: Type.Optional(Type.String({ minLength: 8, secret: true })),
})

describe('parseEnv', () => {
  test('reads every kind of setting and fills in the defaults', () => {
    const env = {
      SHOP_NAME: 'Kiosk',
      SHOP_PORT: '9000',
      SHOP_OPEN: 'true',
      SHOP_SHARE: '0.25',
      SHOP_KIND: 'large',
    }
    expect(parseEnv(Shop, env)).toEqual({
      SHOP_NAME: 'Kiosk',
      SHOP_PORT: 9000,
      SHOP_OPEN: true,
      SHOP_SHARE: 0.25,
      SHOP_KIND: 'large',
    })
    expect(parseEnv(Shop, { SHOP_NAME: 'Kiosk' }).SHOP_PORT).toBe(8081)
  })

  test('what is read has the types of the schema', () => {
    const settings = parseEnv(Shop, { SHOP_NAME: 'Kiosk' })
    const kind: 'small' | 'large' = settings.SHOP_KIND
    const motto: string | undefined = settings.SHOP_MOTTO
    expect([kind, motto]).toEqual(['small', undefined])
  })

  test('an empty value is one that was not set', () => {
    expect(parseEnv(Shop, { SHOP_NAME: 'Kiosk', SHOP_PORT: '', SHOP_MOTTO: '' })).not.toHaveProperty(
      'SHOP_MOTTO',
    )
    expect(problemsOf(() => parseEnv(Shop, { SHOP_NAME: '' }))).toEqual([
      'SHOP_NAME is not set; it must be text of at least 2 characters',
    ])
  })

  test('every problem is told at once, in one error', () => {
    const env = { SHOP_PORT: '70000', SHOP_NAME: 'K', SHOP_OPEN: 'yes', SHOP_KIND: 'huge', SHOP_SHARE: '1e3' }
    const problems = problemsOf(() => parseEnv(Shop, env))
    expect(problems).toEqual([
      'SHOP_PORT must be a whole number from 0 to 65535, not "70000"',
      'SHOP_NAME must be text of at least 2 characters, not "K"',
      'SHOP_OPEN must be true or false, not "yes"',
      'SHOP_SHARE must be a number from 0 to 1, not "1e3"',
      'SHOP_KIND must be one of "small", "large", not "huge"',
    ])
    expect(new ConfigError(problems).message.split('\n')).toHaveLength(1)
  })

  test.each(['8081.5', '0x10', ' 8081', '8081 ', '1e3', '+1', 'NaN', '9007199254740993'])(
    'the port %p is not a whole number of the range',
    (port) => {
      expect(problemsOf(() => parseEnv(Shop, { SHOP_NAME: 'Kiosk', SHOP_PORT: port }))).toHaveLength(1)
    },
  )

  test('a secret is never repeated', () => {
    const problems = problemsOf(() => parseEnv(Shop, { SHOP_SECRET: 'hunter2' }))
    expect(problems.join()).toContain('SHOP_SECRET')
    expect(problems.join()).not.toContain('hunter2')
  })

  test('rules between settings are told together with the rest', () => {
    const rule = () => ['SHOP_OPEN needs SHOP_MOTTO']
    expect(problemsOf(() => parseEnv(Shop, {}, [rule]))).toHaveLength(2)
  })
})

test('settings describe themselves, secrets as secret', () => {
  const rows = describeSettings(Shop)
  expect(rows[0]).toEqual({
    name: 'SHOP_PORT',
    default: '8081',
    description: 'Where it listens.',
    secret: false,
  })
  expect(rows.find((row) => row.name === 'SHOP_SECRET')?.secret).toBe(true)
  expect(rows).toHaveLength(7)
})

const Common = Type.Object({
  ...commonSettings('STALL', { http: 8081, grpc: 9081 }),
  STALL_LIMIT: Type.Integer({ default: 3 }),
})
const load = (env: Env) => commonOf('STALL', parseEnv(Common, env, [commonRule('STALL')]))

describe('common settings', () => {
  test('nothing needs to be set on a development machine', () => {
    const common = load({})
    expect(common).toMatchObject({
      host: '127.0.0.1',
      httpPort: 8081,
      grpcPort: 9081,
      databaseUrl: 'sqlite:.data/stall.sqlite',
      natsUrl: 'nats://127.0.0.1:4222',
      isDevelopment: true,
      requireAuth: false,
      bodyLimitBytes: 1_048_576,
    })
    expect(common.serviceToken).toBeString()
    expect(common.idempotencySecret).toBeString()
  })

  test('the database follows DATA_DIR unless it is named', () => {
    expect(load({ DATA_DIR: '/srv/shop' }).databaseUrl).toBe('sqlite:/srv/shop/stall.sqlite')
    expect(load({ STALL_DATABASE_URL: 'postgres://db/stall' }).databaseUrl).toBe('postgres://db/stall')
  })

  test('off loopback tokens are required, and no secret has a default', () => {
    expect(problemsOf(() => load({ STALL_HOST: '0.0.0.0' }))).toEqual([
      'SERVICE_TOKEN is not set; REQUIRE_AUTH needs it outside development',
      'IDEMPOTENCY_SECRET is not set; it has no default outside development',
    ])
    const common = load({ STALL_HOST: '0.0.0.0', SERVICE_TOKEN: 'a-token', IDEMPOTENCY_SECRET: 'a-secret' })
    expect(common).toMatchObject({ requireAuth: true, isDevelopment: false, serviceToken: 'a-token' })
  })

  test('production on loopback asks for its secrets too, and for tokens unless told not to', () => {
    expect(problemsOf(() => load({ KIOSK_ENV: 'production' }))).toHaveLength(2)
    const trusting = { KIOSK_ENV: 'production', REQUIRE_AUTH: 'false' }
    expect(problemsOf(() => load(trusting))).toHaveLength(1)
    const common = load({ ...trusting, IDEMPOTENCY_SECRET: 'a-secret' })
    expect(common).toMatchObject({ requireAuth: false, serviceToken: undefined })
  })

  test('behind a gateway that others can reach, a service on loopback is in production', () => {
    const open = { GATEWAY_HOST: '0.0.0.0' }
    expect(problemsOf(() => load(open))).toHaveLength(2)
    const secrets = { SERVICE_TOKEN: 'a-token', IDEMPOTENCY_SECRET: 'a-secret' }
    expect(load({ ...open, ...secrets })).toMatchObject({ isDevelopment: false, requireAuth: true })
    expect(load({ ...open, KIOSK_ENV: 'development' })).toMatchObject({ isDevelopment: true })
  })

  test('this machine may say for whom it asks, or whoever is named in its place, or nobody', () => {
    expect(load({}).trustedProxies).toEqual(new Set(['127.0.0.1', '::1']))
    const named = load({ TRUSTED_PROXIES: ' 10.0.0.1, 2001:DB8:0::0001 ,::ffff:10.0.0.2,' }).trustedProxies
    expect(named).toEqual(new Set(['10.0.0.1', '2001:db8::1', '10.0.0.2']))
    expect(load({ TRUSTED_PROXIES: 'none' }).trustedProxies).toEqual(new Set())
  })

  test('a name, a network or a port is no address to be trusted, on a development machine either', () => {
    const given = { TRUSTED_PROXIES: '10.0.0.0/8, gateway, 10.0.0.1:80, *' }
    expect(problemsOf(() => load(given))).toEqual(
      ['10.0.0.0/8', 'gateway', '10.0.0.1:80', '*'].map(
        (part) => `TRUSTED_PROXIES must hold IP addresses, not "${part}"`,
      ),
    )
  })

  test('the keys of tokens are fetched by http or https, and nothing else is an address of theirs', () => {
    for (const url of ['http://10.0.0.1:8084/keys', 'https://shop.example/.well-known/jwks.json'])
      expect(load({ JWKS_URL: url }).jwksUrl).toBe(url)
    for (const url of [
      'foo',
      '127.0.0.1:8084',
      'accounts:8084',
      'file:///keys',
      'http://',
      'nats://10.0.0.1',
    ])
      expect(problemsOf(() => load({ JWKS_URL: url }))).toEqual([
        `JWKS_URL must be http://… or https://…, not "${url}"`,
      ])
  })

  test('REQUIRE_AUTH can be said either way', () => {
    expect(load({ REQUIRE_AUTH: 'true' }).requireAuth).toBe(true)
    expect(load({ STALL_HOST: '0.0.0.0', REQUIRE_AUTH: 'false', IDEMPOTENCY_SECRET: 's' }).requireAuth).toBe(
      false,
    )
  })

  test('a service without gRPC has no gRPC port', () => {
    const NoGrpc = Type.Object(commonSettings('DOOR', { http: 8080 }))
    expect(Object.keys(NoGrpc.properties)).not.toContain('DOOR_GRPC_PORT')
    expect(commonOf('DOOR', parseEnv(NoGrpc, {})).grpcPort).toBeUndefined()
  })

  test('every setting is described', () => {
    for (const row of describeSettings(Common)) {
      if (row.name !== 'STALL_LIMIT') expect(`${row.name}: ${row.description}`).toMatch(/: \S/)
    }
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.0.0.1.example.org', false],
] as const)('%s is loopback: %p', (host, onLoopback) => {
  expect(isLoopback(host)).toBe(onLoopback)
})
