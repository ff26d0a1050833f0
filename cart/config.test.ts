//! The settings of cart that are its own.
import { describe, expect, test } from 'bun:test'
import { problemsOf } from '../tests/harness/problems.ts'
import { loadConfig } from './config.ts'

test('the ports, the file and the checkout window are the documented ones, and the catalogue is our own', () => {
  expect(loadConfig({})).toMatchObject({
    httpPort: 8082,
    grpcPort: 9082,
    databaseUrl: 'sqlite:.data/cart.sqlite',
    checkoutWindowMs: 5000,
    foreignCatalog: undefined,
  })
})

describe('somebody else’s catalogue', () => {
  const service = { CART_PRODUCT_SERVICE: 'grpc://shop.example:50051', CART_PRODUCT_SERVICE_TOKEN: 'theirs' }

  test('is asked 10 times a second, 5 at once, 3 tries, unless told otherwise', () => {
    expect(loadConfig(service).foreignCatalog).toEqual({
      address: 'shop.example:50051',
      token: 'theirs',
      requestsPerSecond: 10,
      atOnceMax: 5,
      attemptsMax: 3,
    })
    const told = {
      CART_PRODUCT_SERVICE_REQUESTS_PER_SECOND: '100',
      CART_PRODUCT_SERVICE_AT_ONCE: '7',
      CART_PRODUCT_SERVICE_TRIES: '1',
    }
    expect(loadConfig({ ...service, ...told }).foreignCatalog).toMatchObject({
      requestsPerSecond: 100,
      atOnceMax: 7,
      attemptsMax: 1,
    })
  })

  test('needs its token', () => {
    const { CART_PRODUCT_SERVICE_TOKEN: _, ...without } = service
    expect(problemsOf(() => loadConfig(without))).toEqual([
      'CART_PRODUCT_SERVICE_TOKEN is not set; CART_PRODUCT_SERVICE needs it',
    ])
  })

  test('is named as grpc://host:port', () => {
    for (const url of ['shop.example:50051', 'http://shop.example:1', 'grpc://shop.example', 'grpc://:1']) {
      expect(problemsOf(() => loadConfig({ ...service, CART_PRODUCT_SERVICE: url }))).toHaveLength(1)
    }
  })
})

test('what is out of range is told all at once', () => {
  const wrong = {
    CART_CHECKOUT_WINDOW_SECONDS: '0',
    CART_PRODUCT_SERVICE_REQUESTS_PER_SECOND: '0',
    CART_PRODUCT_SERVICE_AT_ONCE: 'x',
    CART_PRODUCT_SERVICE_TRIES: '11',
  }
  expect(problemsOf(() => loadConfig(wrong))).toHaveLength(4)
})
