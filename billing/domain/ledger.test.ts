//! Postings add up to nothing, whatever they move.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { OrderId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import { accounts, changeOf, movesOf, post, signed, transactionKinds, visibleKinds } from './ledger.ts'

const uah = (amount: number) => money(amount, 'UAH')
const anOrder = 7n as OrderId
const orderOf = (kind: string) => (kind === 'top_up' ? undefined : anOrder)
const anyAmount = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

describe.each([...transactionKinds])('%s', (kind) => {
  test('takes from one account what it gives to another', () => {
    fc.assert(
      fc.property(anyAmount, (amount) => {
        const posting = post(kind, uah(amount), orderOf(kind))
        expect(posting.entries).toHaveLength(2)
        expect(posting.entries.reduce((sum, { change }) => sum + change.amount, 0)).toBe(0)
        const changes = accounts.map((account) => changeOf(posting, account).amount)
        const { from, to } = movesOf[kind]
        expect<number[]>(changes).toEqual(
          accounts.map((account) => (account === to ? amount : account === from ? -amount : 0)),
        )
      }),
    )
  })

  test('moves something, and knows its order, a top-up none', () => {
    expect(() => post(kind, uah(0), orderOf(kind))).toThrow('nothing is moved')
    expect(() => post(kind, uah(-1), orderOf(kind))).toThrow('nothing is moved')
    expect(() => post(kind, uah(1), kind === 'top_up' ? anOrder : undefined)).toThrow('and its order')
  })

  test('is in the history by what it changes of available and held together', () => {
    const posting = post(kind, uah(500), orderOf(kind))
    const change = changeOf(posting, 'available').amount + changeOf(posting, 'held').amount
    const visible = visibleKinds.find((each) => each === kind)
    expect(change).toBe(visible === undefined ? 0 : signed(visible, uah(500)).amount)
  })
})
