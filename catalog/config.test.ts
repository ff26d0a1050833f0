//! The catalogue's own setting: its token.
import { describe, expect, test } from 'bun:test'
import { problemsOf } from '../tests/harness/problems.ts'
import { loadConfig } from './config.ts'

/** A machine that others can reach, with everything set but the token. */
const abroad = { CATALOG_HOST: '0.0.0.0', SERVICE_TOKEN: 'a-service', IDEMPOTENCY_SECRET: 'a-secret' }

describe('the token', () => {
  test('of a development machine is the one that the documents name', () => {
    expect(loadConfig({}).token).toBe('testtoken')
    expect(loadConfig({ CATALOG_TOKEN: 'another' }).token).toBe('another')
  })

  test('has no default where others can reach the service', () => {
    expect(problemsOf(() => loadConfig(abroad))).toEqual([
      'CATALOG_TOKEN is not set; it has no default outside development',
    ])
    expect(loadConfig({ ...abroad, CATALOG_TOKEN: 'another' }).token).toBe('another')
  })

  test('has no default in production on loopback either', () => {
    const local = { ...abroad, CATALOG_HOST: '127.0.0.1', KIOSK_ENV: 'production' }
    expect(problemsOf(() => loadConfig(local))).toHaveLength(1)
  })

  test('is missed together with everything else that is missing', () => {
    expect(problemsOf(() => loadConfig({ CATALOG_HOST: '0.0.0.0', CATALOG_HTTP_PORT: 'x' }))).toHaveLength(4)
  })
})

test('the ports and the file are the documented ones', () => {
  expect(loadConfig({})).toMatchObject({
    httpPort: 8083,
    grpcPort: 9083,
    databaseUrl: 'sqlite:.data/catalog.sqlite',
  })
})
