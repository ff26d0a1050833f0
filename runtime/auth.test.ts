import { describe, expect, test } from 'bun:test'
import { errorEntry } from '../contracts/errors.ts'
import { createAuthenticate, type Guard } from './auth.ts'

const token = 'a-service-token'
const guards: readonly Guard[] = ['open', 'service', 'user']
const verifyUser = (given: string) => (given === 'user-7' ? { userId: 7n } : undefined)

const required = createAuthenticate({ requireAuth: true, serviceToken: token, verifyUser })
const relaxed = createAuthenticate({ requireAuth: false, serviceToken: token, verifyUser })

describe('where tokens are required', () => {
  test('the service token opens every guard', () => {
    for (const guard of guards) {
      expect(required(`Bearer ${token}`, guard)).toEqual({
        ok: true,
        value: { caller: 'service', isService: true },
      })
    }
  })

  test('nobody without a token passes a guard', () => {
    expect(required(undefined, 'open')).toEqual({ ok: true, value: { caller: undefined, isService: false } })
    for (const guard of ['service', 'user'] as const) {
      expect(required(undefined, guard)).toEqual({ ok: false, error: { code: 'unauthenticated' } })
    }
  })

  test('a user is who they are, and no service', () => {
    expect(required('Bearer user-7', 'user')).toEqual({
      ok: true,
      value: { caller: 'user:7', isService: false, userId: 7n },
    })
    expect(required('Bearer user-7', 'service')).toEqual({ ok: false, error: { code: 'permission_denied' } })
  })
})

test.each([
  'Bearer wrong',
  `Bearer ${token}x`,
  `Bearer ${token.slice(1)}`,
  `Bearer  `,
  `Basic ${token}`,
  token,
  '',
  `Bearer ${token} ${token}`,
])(
  '%p is refused by every guard, whether tokens are required or not, and is nobody on an open route',
  (authorization) => {
    for (const authenticate of [required, relaxed]) {
      for (const guard of ['service', 'user'] as const) {
        const identity = authenticate(authorization, guard)
        expect(identity.ok ? 'passed' : errorEntry(identity.error.code).kind).toBe('unauthenticated')
      }
      expect(authenticate(authorization, 'open')).toEqual({
        ok: true,
        value: { caller: undefined, isService: false },
      })
    }
  },
)

test('where none is required everybody passes, and a service is still known', () => {
  for (const guard of guards) {
    expect(relaxed(undefined, guard)).toEqual({ ok: true, value: { caller: undefined, isService: false } })
    expect(relaxed(`bearer ${token}`, guard)).toEqual({
      ok: true,
      value: { caller: 'service', isService: true },
    })
  }
  expect(relaxed('Bearer user-7', 'service').ok).toBe(false)
})

test('without a service token nothing is one, not even nothing', () => {
  for (const serviceToken of [undefined, '']) {
    const authenticate = createAuthenticate({ requireAuth: true, serviceToken })
    for (const authorization of ['Bearer ', 'Bearer undefined', 'Bearer', undefined]) {
      expect(authenticate(authorization, 'service').ok).toBe(false)
    }
  }
})
