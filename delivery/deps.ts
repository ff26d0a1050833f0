//! What the operations of delivery are handed: nothing here is read from a module variable.
import type { NewId } from '../contracts/ids.ts'
import type { Clock } from '../contracts/time.ts'
import type { Announce } from '../runtime/messages/outbox.ts'
import type { RpcClient } from '../runtime/rpc.ts'
import type { DeliveryStore } from './store/schema.ts'

export type Deps = {
  readonly store: DeliveryStore
  readonly now: Clock
  readonly newId: NewId
  readonly announce: Announce
  readonly rpc: RpcClient
  /** Whether shipments are made because an order was placed, and not because loms asks. */
  readonly choreography: boolean
}
