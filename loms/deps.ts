//! What the operations of loms are handed: nothing here is read from a module variable.
import type { Clock, Instant } from '../contracts/time.ts'
import type { Announce } from '../runtime/messages/outbox.ts'
import type { OrderMetrics } from './metrics.ts'
import type { LomsStore } from './store/schema.ts'

export type Deps = {
  readonly store: LomsStore
  readonly now: Clock
  /** Writes facts into the outbox, in the transaction that makes them true. */
  readonly announce: Announce
  readonly metrics: OrderMetrics
  /** How long a reservation waits for payment. */
  readonly paymentWindowMs: number
  /** Told of the deadline of a new order, so that the timer is set to the nearest. */
  readonly deadlineSet: (payBy: Instant) => void
}
