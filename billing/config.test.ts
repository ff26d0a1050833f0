//! The settings of billing: what they are without being said, and what is refused.
import { expect, test } from 'bun:test'
import { loadConfig } from './config.ts'

const production = {
  KIOSK_ENV: 'production',
  SERVICE_TOKEN: 'a-token',
  IDEMPOTENCY_SECRET: 'a secret',
}

test('money is given for the asking in development only, unless somebody says so', () => {
  expect(loadConfig({})).toMatchObject({ httpPort: 8085, freeTopUp: true, choreography: false })
  expect(loadConfig(production).freeTopUp).toBe(false)
  expect(loadConfig({ ...production, BILLING_FREE_TOP_UP: 'true' }).freeTopUp).toBe(true)
  expect(loadConfig({ BILLING_FREE_TOP_UP: 'false' }).freeTopUp).toBe(false)
  const { KIOSK_ENV: _, ...secrets } = production
  // On loopback itself, and open to the world through the gateway.
  expect(loadConfig({ ...secrets, GATEWAY_HOST: '0.0.0.0' }).freeTopUp).toBe(false)
})

test('how orders come about is said by the setting that loms reads too', () => {
  expect(loadConfig({ LOMS_SAGA: 'choreography' }).choreography).toBe(true)
  expect(loadConfig({ LOMS_SAGA: 'orchestration' }).choreography).toBe(false)
  expect(() => loadConfig({ LOMS_SAGA: 'both' })).toThrow('LOMS_SAGA')
})

test('holds are looked at after three minutes, and unknown orders given up after an hour', () => {
  expect(loadConfig({})).toMatchObject({ holdLookMs: 180_000, unknownOrderMs: 3_600_000 })
  const given = loadConfig({ BILLING_HOLD_LOOK_SECONDS: '1', BILLING_UNKNOWN_ORDER_SECONDS: '2' })
  expect(given).toMatchObject({ holdLookMs: 1000, unknownOrderMs: 2000 })
  expect(() => loadConfig({ BILLING_HOLD_LOOK_SECONDS: '0' })).toThrow('BILLING_HOLD_LOOK_SECONDS')
})
