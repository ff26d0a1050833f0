//! What the operations of loms are handed: nothing here is read from a module variable.
import type { NewId } from '../contracts/ids.ts'
import type { Clock, Instant } from '../contracts/time.ts'
import type { Announce } from '../runtime/messages/outbox.ts'
import type { RpcClient } from '../runtime/rpc.ts'
import type { SagaMode } from './domain/saga.ts'
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

/** What the saga of an order that is paid from the wallet needs beside it. */
export type SagaDeps = Deps & {
  readonly newId: NewId
  readonly rpc: RpcClient
  readonly sagaMode: SagaMode
  /** Told when a step is to be tried again, so that the timer is set to the nearest. */
  readonly sagaDue: (retryAt: Instant) => void
  readonly sleep: (ms: number) => Promise<void>
}
