//! The settings of accounts: what has to be said, and what follows from it.
import { describe, expect, test } from 'bun:test'
import { problemsOf } from '../tests/harness/problems.ts'
import { loadConfig } from './config.ts'

const production = {
  KIOSK_ENV: 'production',
  SERVICE_TOKEN: 'a-service',
  IDEMPOTENCY_SECRET: 'a secret',
  ACCOUNTS_KEY_SECRET: 'a secret of 32 characters or more',
}

test('nothing has to be set for development', () => {
  const config = loadConfig({})
  expect(config).toMatchObject({
    httpPort: 8084,
    grpcPort: undefined,
    keySecret: undefined,
    admin: undefined,
  })
  expect(config.providers).toEqual([])
})

test('outside development the secret of the keys has to be set, and no secret is told', () => {
  expect(problemsOf(() => loadConfig(production))).toEqual([])
  const { ACCOUNTS_KEY_SECRET: _, ...without } = production
  expect(problemsOf(() => loadConfig(without))).toEqual([
    'ACCOUNTS_KEY_SECRET is not set; it has no default outside development',
  ])
  const [problem = ''] = problemsOf(() =>
    loadConfig({ ...production, ACCOUNTS_KEY_SECRET: 'too short a one' }),
  )
  expect(problem).toContain('ACCOUNTS_KEY_SECRET')
  expect(problem).not.toContain('too short a one')
})

test('the first admin has no default, and login and password belong together', () => {
  expect(loadConfig({ ACCOUNTS_ADMIN_LOGIN: 'boss', ACCOUNTS_ADMIN_PASSWORD: 'x' }).admin).toEqual({
    login: 'boss',
    password: 'x',
  })
  for (const half of ['ACCOUNTS_ADMIN_LOGIN', 'ACCOUNTS_ADMIN_PASSWORD'])
    expect(problemsOf(() => loadConfig({ [half]: 'boss' }))).toEqual([
      'ACCOUNTS_ADMIN_LOGIN and ACCOUNTS_ADMIN_PASSWORD belong together',
    ])
})

describe('providers of sign-ins', () => {
  test('known ones need a client, others where they are, too', () => {
    const { providers } = loadConfig({
      ACCOUNTS_OIDC_GOOGLE_CLIENT_ID: 'a',
      ACCOUNTS_OIDC_GOOGLE_CLIENT_SECRET: 's',
      ACCOUNTS_OIDC_MICROSOFT_CLIENT_ID: 'b',
      ACCOUNTS_OIDC_YANDEX_CLIENT_ID: 'c',
      ACCOUNTS_OIDC_OWN_CLIENT_ID: 'd',
      ACCOUNTS_OIDC_OWN_ISSUER: 'https://login.example.org/realms/shop',
    })
    expect(providers).toEqual([
      { name: 'google', issuer: 'https://accounts.google.com', clientId: 'a', clientSecret: 's' },
      {
        name: 'microsoft',
        issuer: 'https://login.microsoftonline.com/common/v2.0',
        clientId: 'b',
        clientSecret: undefined,
      },
      {
        name: 'own',
        issuer: 'https://login.example.org/realms/shop',
        clientId: 'd',
        clientSecret: undefined,
      },
      { name: 'yandex', issuer: 'https://oauth.yandex.ru', clientId: 'c', clientSecret: undefined },
    ])
  })

  test.each([
    [
      { ACCOUNTS_OIDC_GOOGLE_CLIENTID: 'a' },
      'ACCOUNTS_OIDC_GOOGLE_CLIENTID is no setting of a provider of sign-ins',
    ],
    [{ ACCOUNTS_OIDC_GOOGLE_CLIENT_SECRET: 'a' }, 'ACCOUNTS_OIDC_GOOGLE_CLIENT_ID is not set'],
    [{ ACCOUNTS_OIDC_OWN_CLIENT_ID: 'a' }, 'ACCOUNTS_OIDC_OWN_ISSUER is not set'],
    [
      { ACCOUNTS_OIDC_OWN_CLIENT_ID: 'a', ACCOUNTS_OIDC_OWN_ISSUER: 'ftp://example.org' },
      'ACCOUNTS_OIDC_OWN_ISSUER must begin with https://',
    ],
    [
      { ACCOUNTS_OIDC_OWN_CLIENT_ID: 'a', ACCOUNTS_OIDC_OWN_ISSUER: 'example' },
      'ACCOUNTS_OIDC_OWN_ISSUER must be an address',
    ],
  ])('what is half or wrong keeps the service from starting: %j', (env, problem) => {
    expect(problemsOf(() => loadConfig(env))).toEqual([problem])
  })

  test('outside development they need TLS and the address that browsers come back to', () => {
    const own = { ACCOUNTS_OIDC_OWN_CLIENT_ID: 'a', ACCOUNTS_OIDC_OWN_ISSUER: 'http://login.example.org' }
    expect(problemsOf(() => loadConfig({ ...production, ...own }))).toEqual([
      'ACCOUNTS_OIDC_OWN_ISSUER must begin with https://',
    ])
    expect(problemsOf(() => loadConfig({ ...production, ACCOUNTS_OIDC_GOOGLE_CLIENT_ID: 'a' }))).toEqual([
      'ACCOUNTS_PUBLIC_URL is not set; providers of sign-ins need it outside development',
    ])
  })
})
