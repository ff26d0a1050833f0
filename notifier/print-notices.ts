//! Prints every notice to the log, after the commit of the transaction that wrote it, and passes it on to who waits for it.
import { int64ToJson } from '../contracts/scalars.ts'
import { toRfc3339 } from '../contracts/time.ts'
import type { Logger } from '../runtime/log.ts'
import type { Notice } from './domain/notice.ts'
import type { NotifierStore, Tx } from './store/schema.ts'

/** Told of a notice by the body that has just written it. */
export type Noted = (tx: Tx, notice: Notice) => void

export type Printing = {
  /** The same store; what its bodies note is printed when they are committed, and not at all when they are undone. */
  readonly store: NotifierStore
  readonly noted: Noted
}

/**
 * A crash between a commit and its lines loses the lines, never the notices: the history has them. `told` is called for
 * each notice after its line.
 */
export function printNotices(
  store: NotifierStore,
  log: Logger,
  told: (notice: Notice) => void = () => {},
): Printing {
  const notedBy = new WeakMap<Tx, Notice[]>()
  return {
    noted: (tx, notice) => notedBy.get(tx)?.push(notice),
    store: {
      dialect: store.dialect,
      read: (body) => store.read(body),
      close: () => store.close(),
      async write(body) {
        let noted: readonly Notice[] = []
        const result = await store.write(async (tx) => {
          // A body may be run again, and only its last run is committed.
          const running: Notice[] = []
          noted = running
          notedBy.set(tx, running)
          return await body(tx)
        })
        for (const notice of noted) {
          print(log, notice)
          told(notice)
        }
        return result
      },
    },
  }
}

// The sentence names orders and amounts; how its customer could be recognised or reached stands nowhere in a notice.
function print(log: Logger, notice: Notice): void {
  const { id, tenantId, userId, kind, orderId, status, message, moment, eventId } = notice
  log.info(
    {
      notice_id: id,
      event_id: eventId,
      tenant_id: tenantId,
      user_id: int64ToJson(userId),
      kind,
      ...(orderId !== null && { order_id: int64ToJson(orderId) }),
      ...(status !== null && { status }),
      moment: toRfc3339(moment),
    },
    message,
  )
}
