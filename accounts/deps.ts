//! What the operations of accounts are handed: nothing here is read from a module variable.
import type { NewId } from '../contracts/ids.ts'
import type { Clock } from '../contracts/time.ts'
import type { Announce } from '../runtime/messages/outbox.ts'
import type { VerifyToken } from '../runtime/tokens.ts'
import type { KeyPolicy } from './domain/keys.ts'
import type { KeyBox, KeyRing } from './key-ring.ts'
import type { Limits } from './limits.ts'
import type { Passwords } from './passwords.ts'
import type { Providers } from './providers.ts'
import type { AccountsStore } from './store/schema.ts'
import type { MakeToken } from './tokens.ts'

export type Deps = {
  readonly store: AccountsStore
  readonly now: Clock
  readonly newId: NewId
  /** Writes facts into the outbox, in the transaction that makes them true. */
  readonly announce: Announce
  readonly passwords: Passwords
  readonly limits: Limits
  readonly ring: KeyRing
  readonly box: KeyBox
  readonly keyPolicy: KeyPolicy
  readonly makeToken: MakeToken
  readonly verifyToken: VerifyToken
  /** How long one stays signed in. */
  readonly sessionMs: number
  readonly providers: Providers
}
