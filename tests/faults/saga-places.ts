//! Where an order from the wallet can be interrupted: every place after which something else stands written, in both ways of the saga.
import type { Fault } from './nth/faults.ts'
import type { Kind } from './saga-customers.ts'
import type { SagaMode } from './saga-world.ts'

export type Place = {
  readonly fault: Fault
  /** Whose order leads past it. */
  readonly kind: Kind
}

type Passed = readonly [service: string, point: string, nth?: number]

const on = (kind: Kind, passed: readonly Passed[]): Place[] =>
  passed.map(([service, point, nth = 1]) => ({ fault: { service, point, nth, kind: 'kill' }, kind }))

/** A question of loms: not asked, asked, carried out, answered. */
const question = (service: string, method: string): readonly Passed[] => [
  ['loms', `ask ${service} ${method}: before`],
  [service, `answer ${method}: before`],
  [service, `answer ${method}: after`],
  ['loms', `ask ${service} ${method}: after`],
]

const placing: readonly Passed[] = [
  ['loms', 'order-by-wallet write: after the body'],
  ['loms', 'order-by-wallet write: after the commit'],
]

/** A fact that was written: not told, told and not known to be. */
const telling = (service: string, nth = 1): readonly Passed[] => [
  [service, `publish to ${service.toUpperCase()}: before`, nth],
  [service, `publish to ${service.toUpperCase()}: after`, nth],
]

/** What has come of a fact that was told: nothing, not committed, committed. */
const hearing = (reader: string, nth = 1): readonly Passed[] => [
  [reader, 'reader-core write: after the body', nth],
  [reader, 'reader-core write: after the commit', nth],
]

export const places: Readonly<Record<SagaMode, readonly Place[]>> = {
  orchestration: [
    ...on('rich', placing),
    ...on('rich', question('billing', 'HoldFunds')),
    ...on('rich', question('delivery', 'MakeDelivery')),
    ...on('rich', question('billing', 'CaptureHold')),
    ...on('rich', [['loms', 'drive-saga write: after the commit', 3]]),
    ...on('nowhere', question('billing', 'VoidHold')),
    ...on('nowhere', [['delivery', 'answer CancelDelivery: after']]),
    ...on('poor', [['loms', 'ask billing HoldFunds: after']]),
  ],
  choreography: [
    ...on('rich', placing),
    ...on('rich', telling('loms')),
    ...on('rich', hearing('billing')),
    ...on('rich', telling('billing')),
    ...on('rich', hearing('delivery')),
    ...on('rich', telling('delivery')),
    ...on('rich', hearing('loms')),
    // Both have said yes: the order is confirmed, then told, then charged.
    ...on('rich', hearing('loms', 2)),
    ...on('rich', telling('loms', 2)),
    ...on('rich', hearing('billing', 2)),
    ...on('nowhere', hearing('loms', 2)),
    ...on('nowhere', hearing('billing', 2)),
    ...on('poor', hearing('loms')),
  ],
}
