import { describe, expect, test } from 'bun:test'
import { errorEntry } from '../contracts/errors.ts'
import { defaultTenant } from '../contracts/ids.ts'
import { type AccountRole, accountRoles } from '../contracts/roles.ts'
import { userIdOf } from '../contracts/scalars.ts'
import { createAuthenticate, type Guard } from './auth.ts'
import { Refusal } from './refusal.ts'

const token = 'a-service-token'
/** Those of the RPC surfaces, which trust a loopback. */
const trusting: readonly Guard[] = ['service', 'user']
const always: readonly Guard[] = ['signed_in', 'courier', 'admin']
const guards: readonly Guard[] = ['open', ...trusting, ...always]

const verifyToken = async (given: string) => {
  if (given === 'keys-are-away') throw new Refusal('unavailable', 'no keys')
  const role = accountRoles.find((each) => given === `a-${each}`)
  return role && { userId: userIdOf(7), role, tenantId: defaultTenant, sessionId: 'ses_7' }
}

const required = createAuthenticate({ requireAuth: true, serviceToken: token, verifyToken })
const relaxed = createAuthenticate({ requireAuth: false, serviceToken: token, verifyToken })

const nobody = { ok: true, value: { caller: undefined, isService: false } } as const
const asService = { ok: true, value: { caller: 'service', isService: true, role: 'service' } } as const
const account = (role: AccountRole) =>
  ({
    ok: true,
    value: { caller: 'user:7', isService: false, role, userId: userIdOf(7), tenantId: defaultTenant },
  }) as const
const refused = (code: string) => ({ ok: false, error: { code } })

describe('where tokens are required', () => {
  test('the service token opens every guard but the one that needs an account', async () => {
    for (const guard of guards) {
      const expected = guard === 'signed_in' ? refused('permission_denied') : asService
      expect({ guard, is: await required(`Bearer ${token}`, guard) }).toEqual({
        guard,
        is: expected,
      } as never)
    }
  })

  test('nobody without a token passes a guard', async () => {
    expect(await required(undefined, 'open')).toEqual(nobody)
    for (const guard of [...trusting, ...always])
      expect(await required(undefined, guard)).toEqual(refused('unauthenticated') as never)
  })

  const may: Record<AccountRole, readonly Guard[]> = {
    customer: ['open', 'user', 'signed_in'],
    courier: ['open', 'user', 'signed_in', 'courier'],
    admin: ['open', 'user', 'signed_in', 'courier', 'admin'],
  }
  for (const role of accountRoles) {
    test(`a ${role} passes ${may[role].join(', ')} and nothing else`, async () => {
      for (const guard of guards) {
        const expected = may[role].includes(guard) ? account(role) : refused('permission_denied')
        expect({ guard, is: await required(`Bearer a-${role}`, guard) }).toEqual({
          guard,
          is: expected,
        } as never)
      }
    })
  }
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
  async (authorization) => {
    for (const authenticate of [required, relaxed]) {
      for (const guard of [...trusting, ...always]) {
        const identity = await authenticate(authorization, guard)
        expect(identity.ok ? 'passed' : errorEntry(identity.error.code).kind).toBe('unauthenticated')
      }
      expect(await authenticate(authorization, 'open')).toEqual(nobody)
    }
  },
)

test('where none is required everybody passes the guards of the RPC surfaces only, and a service is still known', async () => {
  for (const guard of trusting) {
    expect(await relaxed(undefined, guard)).toEqual(nobody)
    expect(await relaxed(`bearer ${token}`, guard)).toEqual(asService)
  }
  for (const guard of always)
    expect(await relaxed(undefined, guard)).toEqual(refused('unauthenticated') as never)
  expect((await relaxed('Bearer a-customer', 'service')).ok).toBe(false)
})

test('without a service token nothing is one, not even nothing', async () => {
  for (const serviceToken of [undefined, '']) {
    const authenticate = createAuthenticate({ requireAuth: true, serviceToken })
    for (const authorization of ['Bearer ', 'Bearer undefined', 'Bearer', undefined]) {
      expect((await authenticate(authorization, 'service')).ok).toBe(false)
    }
  }
})

test('while the keys are away a token proves nothing: an open route takes its bearer for anybody, a guarded one says so', async () => {
  expect(await required('Bearer keys-are-away', 'open')).toEqual(nobody)
  await expect(async () => await required('Bearer keys-are-away', 'signed_in')).toThrow('no keys')
})
