//! What the operations of catalog are handed: nothing here is read from a module variable.
import type { NewId } from '../contracts/ids.ts'
import type { Clock } from '../contracts/time.ts'
import type { Announce } from '../runtime/messages/outbox.ts'
import type { TokenCheck } from './domain/token.ts'
import type { CatalogStore } from './store/schema.ts'

export type Deps = {
  readonly store: CatalogStore
  readonly now: Clock
  readonly newId: NewId
  /** Writes facts into the outbox, in the transaction that makes them true. */
  readonly announce: Announce
  /** Whether a token of the RPC and gRPC surfaces is the catalogue's. */
  readonly isToken: TokenCheck
}
