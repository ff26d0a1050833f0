//! What may come into a wallet.
import { expect, test } from 'bun:test'
import type { TenantId, UserId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { topUp, topUpMax, type Wallet, walletMax } from './wallet.ts'

const uah = (amount: number) => money(amount, 'UAH')
const walletWith = (available: number, held = 0): Wallet => ({
  tenantId: 'default' as TenantId,
  userId: 1n as UserId,
  currency: 'UAH',
  available: uah(available),
  held: uah(held),
  transactions: 1,
})
const codeOf = (available: number, held: number, amount: number) => {
  const result = topUp(walletWith(available, held), uah(amount))
  return result.ok ? 'ok' : result.error.code
}

test('one top-up is from a kopeck to a hundred thousand', () => {
  expect([0, 1, topUpMax, topUpMax + 1].map((amount) => codeOf(0, 0, amount))).toEqual([
    'invalid_argument',
    'ok',
    'ok',
    'invalid_argument',
  ])
  const refused = topUp(walletWith(0), uah(topUpMax + 1))
  expect(refused).toMatchObject({
    error: { details: { errors: [{ path: '/amount', message: 'must be from 0.01 to 100000.00' }] } },
  })
})

test('a wallet holds a million at most, what is set aside counted in', () => {
  expect(codeOf(walletMax - 1, 0, 1)).toBe('ok')
  expect(codeOf(walletMax, 0, 1)).toBe('wallet_full')
  expect(codeOf(1, walletMax - 2, 1)).toBe('ok')
  expect(codeOf(1, walletMax - 1, 1)).toBe('wallet_full')
})

test('what comes in is available', () => {
  const posting = topUp(walletWith(5), uah(250))
  expect(posting).toMatchObject({ ok: true, value: { kind: 'top_up', amount: uah(250), orderId: undefined } })
})
