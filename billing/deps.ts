//! What the operations of billing are handed: nothing here is read from a module variable.
import type { NewId } from '../contracts/ids.ts'
import type { Clock } from '../contracts/time.ts'
import type { Announce } from '../runtime/messages/outbox.ts'
import type { RpcClient } from '../runtime/rpc.ts'
import type { BillingStore } from './store/schema.ts'

export type Deps = {
  readonly store: BillingStore
  readonly now: Clock
  readonly newId: NewId
  /** Writes facts into the outbox, in the transaction that makes them true. */
  readonly announce: Announce
  readonly rpc: RpcClient
  /** Whether a wallet is topped up for the asking, as in development. */
  readonly freeTopUp: boolean
  /** Whether an order that was created is money to hold, without anybody asking. */
  readonly choreography: boolean
  /** How long a hold may stand before loms is asked about it, and between two such questions. */
  readonly holdLookMs: number
  /** How long an order may be unknown to loms before its money is given back. */
  readonly unknownOrderMs: number
}
