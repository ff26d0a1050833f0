//! The settings of the door: what they come to, and that every mistake is told before anything runs.
import { describe, expect, test } from 'bun:test'
import { problemsOf } from '../tests/harness/problems.ts'
import { loadConfig } from './config.ts'

describe('where the services are', () => {
  test('is on this machine, by their ports', () => {
    const { upstreams, jwksUrl } = loadConfig({ LOMS_HTTP_PORT: '18081' })
    expect(upstreams.loms).toEqual([{ url: 'http://127.0.0.1:18081', weight: 1 }])
    expect(upstreams.notifier).toEqual([{ url: 'http://127.0.0.1:8087', weight: 1 }])
    expect(jwksUrl).toBe('http://127.0.0.1:8084/.well-known/jwks.json')
  })

  test('is where the settings say', () => {
    const env = {
      GATEWAY_UPSTREAM_LOMS: 'http://127.0.0.1:8081=95,http://127.0.0.1:18081=5',
      GATEWAY_UPSTREAM_ACCOUNTS: 'http://accounts:80',
    }
    const { upstreams, jwksUrl } = loadConfig(env)
    expect(upstreams.loms.map(({ weight }) => weight)).toEqual([95, 5])
    expect(jwksUrl).toBe('http://accounts/.well-known/jwks.json')
    expect(loadConfig({ ...env, JWKS_URL: 'http://keys/set' }).jwksUrl).toBe('http://keys/set')
  })
})

test('every mistake is told at once', () => {
  const problems = problemsOf(() =>
    loadConfig({
      GATEWAY_UPSTREAM_LOMS: 'loms:8081',
      GATEWAY_TRUSTED_PROXIES: '10.0.0.1, proxy.local',
      GATEWAY_CORS_ORIGINS: 'https://shop.example/, *',
      GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: 'many',
      CART_HTTP_PORT: '99999',
    }),
  )
  for (const name of [
    'UPSTREAM_LOMS',
    'TRUSTED_PROXIES',
    'CORS_ORIGINS',
    'ADDRESS_REQUESTS',
    'CART_HTTP_PORT',
  ]) {
    expect([name, problems.some((problem) => problem.includes(name))]).toEqual([name, true])
  }
})

test('outside development there is no secret that everybody knows', () => {
  const env = { GATEWAY_HOST: '0.0.0.0', SERVICE_TOKEN: 'x', IDEMPOTENCY_SECRET: 'y' }
  expect(problemsOf(() => loadConfig(env))).toEqual([
    'GATEWAY_CSRF_SECRET is not set; it has no default outside development',
  ])
  expect(problemsOf(() => loadConfig({ ...env, GATEWAY_CSRF_SECRET: 'z' }))).toEqual([])
  expect(problemsOf(() => loadConfig({}))).toEqual([])
})
