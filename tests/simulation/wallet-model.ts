//! What customers were told who have a wallet, held against what is stored: money, orders from the wallet, shipments.
import type { Balance } from '../../billing/domain/wallet.ts'
import { isFinal, type Told, textOf } from './clients.ts'
import type { Look, Violation } from './look.ts'
import { isFromWallet, type OrderRow, ordersCounted, stands, wasPaid } from './model.ts'
import { calls, linesOf, type Of, of, orderIn } from './told.ts'

export function walletPromises(
  told: readonly Told[],
  orders: readonly OrderRow[],
  look: Look,
): readonly Violation[] {
  const fromWallet = orders.filter(isFromWallet)
  return [
    ...ordersCounted(
      of(told, 'buy'),
      fromWallet.filter((order) => order.checkout_id === null),
    ),
    ...bought(of(told, 'buy'), fromWallet),
    ...calledOff(of(told, 'call off'), orders),
    ...toppedUp(told, look),
    ...seen(of(told, 'look'), look),
    ...brought(told, look),
  ]
}

const broken = (says: string, { request, answer }: Told, row: unknown): Violation => ({
  of: 'I5',
  says,
  what: `${textOf(request)} was answered ${textOf(answer)}, there is ${textOf(row)}`,
})

function bought(told: readonly Of<'buy'>[], orders: readonly OrderRow[]): Violation[] {
  return told.flatMap((each) => {
    const id = orderIn(each)
    if (id === undefined) return []
    const row = orders.find((order) => order.id === id)
    const { user, items } = each.request
    const fits =
      row !== undefined &&
      row.user_id === BigInt(user) &&
      row.lines === linesOf(items) &&
      becameAsTold(each, row)
    return fits ? [] : [broken('an order from the wallet became what its customer was told', each, row)]
  })
}

/** Where it was not decided yet, anything may have become of it. */
export function becameAsTold({ answer }: Told, row: OrderRow): boolean {
  if (answer === undefined || !isFinal(answer)) return true
  if (answer.ok && (answer.value as { isOpen?: boolean }).isOpen) return true
  if (answer.ok) return stands(row) || wasPaid(row)
  return row.status === (answer.error.code === 'order_not_payable' ? 'cancelled' : 'failed')
}

function calledOff(told: readonly Of<'call off'>[], orders: readonly OrderRow[]): Violation[] {
  return told.flatMap((each) => {
    const row = orders.find(({ id }) => id === BigInt(each.request.order))
    const { answer } = each
    if (answer === undefined) return []
    const isRefused = !answer.ok && answer.error.code === 'order_not_cancellable'
    // What could not be called off is never called off later.
    const fits = answer.ok ? row?.status === 'cancelled' : !isRefused || row?.status !== 'cancelled'
    return fits ? [] : [broken('an order that was called off is so', each, row)]
  })
}

function toppedUp(told: readonly Told[], look: Look): Violation[] {
  const rows = look.rows<{ user: bigint; amount: bigint }>(
    `select user_id as user, sum(amount) as amount from billing.transactions where kind = 'top_up' group by 1`,
  )
  const came = new Map(rows.map(({ user, amount }) => [Number(user), Number(amount)]))
  const asked = Map.groupBy(calls(of(told, 'top up')), ({ first }) => first.request.user)
  return [...new Set([...came.keys(), ...asked.keys()])].flatMap((user) => {
    const group = asked.get(user) ?? []
    const sum = (which: typeof group) => which.reduce((total, { first }) => total + first.request.amount, 0)
    const least = sum(group.filter(({ done }) => done))
    const most = least + sum(group.filter(({ open }) => open))
    const amount = came.get(user) ?? 0
    if (amount >= least && amount <= most) return []
    const what = `user ${user}: ${amount} came into the wallet, ${least} to ${most} were told of`
    return [{ of: 'I3', says: 'money that came in is there, once', what }]
  })
}

/** Whatever moment it was: nothing was below nothing, and nobody saw more than ever came in. */
function seen(told: readonly Of<'look'>[], look: Look): Violation[] {
  const came = look.rows<{ user: bigint; amount: bigint }>(
    `select user_id as user, sum(amount) as amount from billing.transactions where kind = 'top_up' group by 1`,
  )
  return told.flatMap((each) => {
    const { answer, request } = each
    if (answer === undefined || !answer.ok) return []
    const { available, held } = answer.value as Balance
    const most = Number(came.find(({ user }) => user === BigInt(request.user))?.amount ?? 0)
    const fits = available.amount >= 0 && held.amount >= 0 && available.amount + held.amount <= most
    return fits ? [] : [broken('what somebody saw in a wallet can have been there', each, most)]
  })
}

const reached = { send: ['sent', 'received'], receive: ['received'] } as const

function brought(told: readonly Told[], look: Look): Violation[] {
  const rows = look.rows<{ order_id: bigint; status: string }>(
    'select order_id, status from delivery.shipments',
  )
  return [...of(told, 'send'), ...of(told, 'receive')].flatMap((each) => {
    const { answer, request } = each
    const row = rows.find(({ order_id }) => order_id === BigInt(request.order))
    if (answer?.ok !== true || reached[request.do].some((status) => status === row?.status)) return []
    return [broken('a shipment is where somebody was told it is', each, row)]
  })
}
