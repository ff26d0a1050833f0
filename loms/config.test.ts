//! The settings of loms that are its own.
import { describe, expect, test } from 'bun:test'
import { problemsOf } from '../tests/harness/problems.ts'
import { loadConfig } from './config.ts'

test('the ports, the file and the payment window are the documented ones', () => {
  expect(loadConfig({})).toMatchObject({
    httpPort: 8081,
    grpcPort: 9081,
    databaseUrl: 'sqlite:.data/loms.sqlite',
    paymentWindowMs: 600_000,
  })
})

describe('the payment window', () => {
  test('is told in seconds, from 1 to a year of them', () => {
    for (const seconds of ['1', '31536000']) {
      const { paymentWindowMs } = loadConfig({ LOMS_PAYMENT_WINDOW_SECONDS: seconds })
      expect(paymentWindowMs).toBe(Number(seconds) * 1000)
    }
  })

  test('of no whole number in that range is a problem, together with all others', () => {
    for (const seconds of ['0', '-1', '1.5', '31536001', 'ten']) {
      expect(problemsOf(() => loadConfig({ LOMS_PAYMENT_WINDOW_SECONDS: seconds }))).toHaveLength(1)
    }
    expect(
      problemsOf(() => loadConfig({ LOMS_PAYMENT_WINDOW_SECONDS: '0', LOMS_HTTP_PORT: 'x' })),
    ).toHaveLength(2)
  })
})
