//! Every state with every command: money moves along the table, once, and every repeat is told the same.
import { describe, expect, test } from 'bun:test'
import type { OrderId, PaymentId, TenantId, UserId } from '../../contracts/ids.ts'
import { money } from '../../contracts/money.ts'
import {
  type Asked,
  capture,
  type Decision,
  giveBack,
  type Hold,
  hold,
  holdAgain,
  holdStates,
  holdSteps,
  refund,
  voidHold,
} from './hold.ts'
import type { Wallet } from './wallet.ts'

const uah = (amount: number) => money(amount, 'UAH')
const key = { tenantId: 'default' as TenantId, orderId: 7n as OrderId }
const asked: Asked = { userId: 1n as UserId, amount: uah(500), paymentId: 'pay_1' as PaymentId }
const inState = (state: Hold['state']): Hold => ({ ...key, state, asked })
const tombstone: Hold = { ...key, state: 'voided', asked: undefined }

/** What it comes to, in a word: the code of a refusal, the next state, or `same`. */
function wordOf({ reply, change }: Decision): string {
  if (!reply.ok) {
    expect(change).toBeUndefined()
    return reply.error.code
  }
  if (change === undefined) return 'same'
  expect(change.posting).toMatchObject({ amount: asked.amount, orderId: key.orderId })
  return `${change.state} by ${change.posting.kind}`
}

const commands = {
  capture,
  void: voidHold,
  giveBack,
  refund: (held: Hold | undefined) => refund(held, asked.paymentId),
}
type Command = keyof typeof commands

const table: Record<Hold['state'], Record<Command, string>> = {
  held: {
    capture: 'captured by charge',
    void: 'voided by void',
    giveBack: 'voided by void',
    refund: 'same',
  },
  captured: {
    capture: 'same',
    void: 'hold_captured',
    giveBack: 'refunded by refund',
    refund: 'refunded by refund',
  },
  refunded: { capture: 'same', void: 'hold_captured', giveBack: 'same', refund: 'same' },
  refused: { capture: 'hold_not_found', void: 'same', giveBack: 'same', refund: 'same' },
  voided: { capture: 'hold_closed', void: 'same', giveBack: 'same', refund: 'same' },
}

const wordsOf = (held: Hold | undefined) =>
  Object.fromEntries(Object.entries(commands).map(([word, decide]) => [word, wordOf(decide(held))]))

describe.each([...holdStates])('a hold that is %s', (state) => {
  test('takes every command as the table says', () => {
    expect(wordsOf(inState(state))).toEqual(table[state])
  })

  test('goes only where its life goes', () => {
    for (const decide of Object.values(commands)) {
      const { change } = decide(inState(state))
      if (change !== undefined) expect<readonly string[]>(holdSteps[state]).toContain(change.state)
    }
  })

  test('keeps what was taken as another payment', () => {
    expect(wordOf(refund(inState(state), 'pay_2' as PaymentId))).toBe('hold_differs')
  })
})

test('where nothing was asked for, there is nothing to capture and nothing to give back', () => {
  const nothing = { void: 'same', giveBack: 'same', refund: 'hold_not_found' }
  expect(wordsOf(undefined)).toEqual({ ...nothing, capture: 'hold_not_found' })
  expect(wordsOf(tombstone)).toEqual({ ...nothing, capture: 'hold_closed' })
})

describe('asked to hold again', () => {
  const again = (held: Hold, own: Partial<Asked> = {}) => {
    const answer = holdAgain(held, { ...asked, ...own })
    return answer.ok ? answer.value : answer.error.code
  }

  test('the first answer is given', () => {
    expect(Object.fromEntries(holdStates.map((state) => [state, again(inState(state))]))).toEqual({
      held: 'held',
      captured: 'captured',
      refunded: 'captured',
      refused: 'insufficient_funds',
      voided: 'hold_closed',
    })
    expect(again(tombstone)).toBe('hold_closed')
  })

  test('for something else is refused as such, whatever the state', () => {
    for (const state of holdStates) {
      expect(again(inState(state), { amount: uah(501) })).toBe('hold_differs')
      expect(again(inState(state), { amount: money(500, 'EUR') })).toBe('hold_differs')
      expect(again(inState(state), { userId: 2n as UserId })).toBe('hold_differs')
    }
  })

  test('too little money is said again to the letter', () => {
    expect(holdAgain(inState('refused'), asked)).toEqual(
      hold(undefined, key.orderId, asked.amount) as ReturnType<typeof holdAgain>,
    )
  })
})

test('all that is available can be held, and not a kopeck more', () => {
  const wallet = (available: number): Wallet => ({
    ...key,
    userId: asked.userId,
    currency: 'UAH',
    available: uah(available),
    held: uah(1000),
    transactions: 3,
  })
  expect(hold(wallet(500), key.orderId, uah(500))).toMatchObject({ ok: true, value: { kind: 'hold' } })
  for (const short of [wallet(499), wallet(0), undefined]) {
    expect(hold(short, key.orderId, uah(500))).toMatchObject({
      error: { code: 'insufficient_funds', details: { required: '5.00' } },
    })
  }
})
