import { describe, expect, test } from 'bun:test'
import { type ErrorCode, errorEntry, errors } from '../../contracts/errors.ts'
import { problemDocument, statusOf, surfaceOf } from './problem.ts'

const codes = Object.keys(errors) as ErrorCode[]
const where = { surface: 'rpc', instance: '/order/pay', requestId: 'req_1' } as const
const documentOf = (code: ErrorCode, details?: Record<string, unknown>) => {
  const { body, ...rest } = problemDocument(details === undefined ? { code } : { code, details }, where)
  return { ...rest, json: JSON.parse(body) }
}

test.each(codes)('%s has an error status on both surfaces', (code) => {
  for (const surface of ['rpc', 'rest'] as const) expect(statusOf(code, surface)).toBeWithin(400, 504)
})

test('every code has a title of its own, which people read and which is no sentence', () => {
  const titles = codes.map((code) => documentOf(code).json.title)
  for (const title of titles) expect(title).toMatch(/^[A-Z][A-Za-z -]{4,39}$/)
  expect(new Set(titles).size).toBe(codes.length)
})

test('a failed precondition is 412 to RPC and 409 to REST', () => {
  expect([statusOf('insufficient_stock', 'rpc'), statusOf('insufficient_stock', 'rest')]).toEqual([412, 409])
  const paths = ['/a/b', '/api/v1/a', '/internal/api/v1/a', '/apiary', '/internal/apiary', '/internal/a']
  expect(paths.map(surfaceOf)).toEqual(['rpc', 'rest', 'rest', 'rpc', 'rpc', 'rpc'])
})

test('a code that differs from its kind says so itself', () => {
  expect(statusOf('idempotency_key_reused', 'rpc')).toBe(422)
  expect(statusOf('overloaded', 'rest')).toBe(503)
})

test('the document holds everything that RFC 9457 and we ask for', () => {
  expect(documentOf('order_not_payable', { status_now: 'cancelled' })).toEqual({
    status: 412,
    // That something is not there, or not theirs, is true for whoever asked, and only now.
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    json: {
      type: 'urn:kiosk:problem:order_not_payable',
      title: 'Order cannot be paid',
      status: 412,
      code: 'order_not_payable',
      detail: errorEntry('order_not_payable').message,
      instance: '/order/pay',
      request_id: 'req_1',
      status_now: 'cancelled',
    },
  })
})

test('details never replace a standard member', () => {
  const { json } = documentOf('order_not_payable', {
    status: 'cancelled',
    code: 'x',
    detail: 'y',
    request_id: 'z',
  })
  expect(json).toMatchObject({ status: 412, code: 'order_not_payable', request_id: 'req_1' })
})

describe('headers that a caller acts on', () => {
  test('a 401 asks for a bearer', () => {
    expect(documentOf('bad_token').headers['www-authenticate']).toBe('Bearer')
  })

  test.each(['overloaded', 'unavailable', 'deadline_exceeded'] as const)(
    '%s says when to come back',
    (code) => {
      expect(documentOf(code)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    },
  )

  test('a refusal that knows better is believed', () => {
    expect(documentOf('unavailable', { retry_after_seconds: 30 }).headers['retry-after']).toBe('30')
  })
})
