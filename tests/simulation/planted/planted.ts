//! What a planted bug may change of the simulated shop: the product stays as it is, something around it does not.
import type { Announce } from '../../../runtime/messages/outbox.ts'
import type { startRelay } from '../../../runtime/messages/relay.ts'
import type { RpcHandler } from '../../../runtime/rpc.ts'
import type { Doors } from '../clients.ts'
import type { Surroundings } from '../frame.ts'
import type { Process } from '../process.ts'
import type { Meddle } from '../store.ts'

export type Planted = {
  /** Stands between every body and its statements. */
  readonly meddle?: Meddle
  readonly announce?: (announce: Announce, around: Surroundings, process: Process) => Announce
  readonly startRelay?: typeof startRelay
  /** What the services answer one another, in place of what they would. */
  readonly answers?: (handlers: readonly RpcHandler[], process: Process) => readonly RpcHandler[]
  /** What customers find in place of the operations. */
  readonly doors?: Partial<Doors>
  /** Customers ask again for whatever was not answered, and not only where they have a key. */
  readonly asksAgainWithoutKey?: boolean
}
