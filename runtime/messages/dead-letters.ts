//! What can be done about dead letters: look at them, handle one again, or give one up; then what waited behind it goes on.
import type { Instant } from '../../contracts/time.ts'
import type { Store, Tx } from '../store/store.ts'
import { dataOf } from './apply.ts'
import { deadLetterOf, deleteDeadLetter, headOf, recordFailure, someDeadLetters } from './dead-letter-rows.ts'
import type { Message } from './fact-stream.ts'
import { type Handlers, handleFact, hear } from './handler.ts'
import { lockPlace, setOutcome } from './inbox-rows.ts'
import { isStoreAway, reasonOf } from './retry.ts'
import type { ReaderTables } from './tables.ts'

export type DeadLetterSummary = {
  readonly position: string
  readonly id: string
  readonly stream: string
  readonly type: string
  readonly key: string
  readonly tenantId: string
  readonly state: 'failed' | 'parked'
  readonly attempts: number
  readonly reason: string
  readonly moment: Instant
}

export type DeadLetter = DeadLetterSummary & {
  readonly sequence: number
  readonly headers: Readonly<Record<string, string>>
  readonly data: string
  readonly encoding: 'text' | 'base64'
}

/** What became of a dead letter and of those that waited behind it. */
export type Settled =
  | {
      readonly ok: true /** Handled, the one asked for among them. */
      readonly replayed: number /** The next of the key that failed. */
      readonly failedAt?: { readonly id: string; readonly reason: string }
    }
  | { readonly ok: false; readonly message: string }

export type DeadLetterParts<T extends ReaderTables> = {
  readonly store: Store<T>
  /** The handlers of each stream that the service reads. */
  readonly handlers: ReadonlyMap<string, Handlers<T>>
}

type Row = NonNullable<Awaited<ReturnType<typeof deadLetterOf>>[number]>

/** Oldest first, after a position. */
export async function listDeadLetters<T extends ReaderTables>(
  store: Store<T>,
  { after = '0', limit = 100 }: { after?: string; limit?: number } = {},
): Promise<DeadLetterSummary[]> {
  const rows = await store.read((tx) => someDeadLetters(tx, { after: BigInt(after), limit }))
  return rows.map((row) => ({ ...row, position: String(row.position) }))
}

export async function showDeadLetter<T extends ReaderTables>(
  store: Store<T>,
  id: string,
): Promise<DeadLetter | undefined> {
  const [row] = await store.read((tx) => deadLetterOf(tx, { id }))
  if (row === undefined) return undefined
  const { eventId, subject: _, ...rest } = row
  return { ...rest, id: eventId, position: String(row.position) }
}

/** Handles it again, and if that succeeds what waited behind it, in order, up to the first that fails. */
export async function replayDeadLetter<T extends ReaderTables>(
  parts: DeadLetterParts<T>,
  id: string,
): Promise<Settled> {
  const first = await handleAgain(parts, id)
  if (first.kind === 'failed') return { ok: false, message: `it failed again: ${first.reason}` }
  if (first.kind !== 'handled') return { ok: false, message: first.message }
  return await goOn(parts, first.next, 1)
}

/** Gives it up for good, and handles what waited behind it, in order, up to the first that fails. */
export async function skipDeadLetter<T extends ReaderTables>(
  parts: DeadLetterParts<T>,
  id: string,
): Promise<Settled> {
  const skipped = await parts.store.write(async (tx) => {
    const head = await lockHead(tx, id)
    return head.kind === 'head' ? await leave(tx, head.row, 'skipped') : head
  })
  if (skipped.kind !== 'handled') return { ok: false, message: skipped.message }
  return await goOn(parts, skipped.next, 0)
}

async function goOn<T extends ReaderTables>(
  parts: DeadLetterParts<T>,
  next: string | undefined,
  replayed: number,
): Promise<Settled> {
  if (next === undefined) return { ok: true, replayed }
  const outcome = await handleAgain(parts, next)
  if (outcome.kind === 'handled') return await goOn(parts, outcome.next, replayed + 1)
  const reason = outcome.kind === 'failed' ? outcome.reason : outcome.message
  return { ok: true, replayed, failedAt: { id: next, reason } }
}

type Refused = { readonly kind: 'refused'; readonly message: string }
type Handled = {
  readonly kind: 'handled' /** What of the key waits now. */
  readonly next: string | undefined
}
type Failed = { readonly kind: 'failed'; readonly reason: string }

async function handleAgain<T extends ReaderTables>(
  { store, handlers }: DeadLetterParts<T>,
  id: string,
): Promise<Handled | Failed | Refused> {
  let position: bigint | undefined
  try {
    return await store.write(async (tx) => {
      const head = await lockHead(tx, id)
      if (head.kind !== 'head') return head
      position = head.row.position
      const heard = hear(messageOf(head.row), handlers.get(head.row.stream) ?? new Map())
      if (heard.kind === 'unhandled')
        return { kind: 'refused', message: `this service does not act on ${head.row.type}` }
      if (heard.kind === 'unreadable') throw new Error(heard.reason)
      return await leave(tx, head.row, await handleFact(tx, heard.handler, heard.fact))
    })
  } catch (error) {
    if (isStoreAway(error) || position === undefined) throw error
    const failed = { position, reason: reasonOf(error) }
    await store.write((tx) => recordFailure(tx, failed))
    return { kind: 'failed', reason: failed.reason }
  }
}

/** The dead letter, if it is its key's first; the place is locked, so that nothing is parked behind it meanwhile. */
async function lockHead<T extends ReaderTables>(
  tx: Tx<T>,
  id: string,
): Promise<{ readonly kind: 'head'; readonly row: Row } | Refused> {
  const [seen] = await deadLetterOf(tx, { id })
  if (seen !== undefined) await lockPlace(tx, { stream: seen.stream })
  const [row] = await deadLetterOf(tx, { id })
  if (row === undefined) return { kind: 'refused', message: `there is no dead letter ${id}` }
  const [head] = row.key === '' ? [{ position: row.position, id }] : await headOf(tx, row)
  if (head !== undefined && head.position !== row.position)
    return { kind: 'refused', message: `it waits behind ${head.id}, which comes first` }
  return { kind: 'head', row }
}

async function leave<T extends ReaderTables>(tx: Tx<T>, row: Row, outcome: string): Promise<Handled> {
  await deleteDeadLetter(tx, { position: row.position })
  await setOutcome(tx, { stream: row.stream, eventId: row.eventId, outcome })
  const [next] = row.key === '' ? [] : await headOf(tx, row)
  return { kind: 'handled', next: next?.id }
}

function messageOf(row: Row): Message {
  const { sequence, subject, headers } = row
  return {
    sequence,
    subject,
    header: (name) => headers[name],
    headers: () => ({ ...headers }),
    data: dataOf(row),
    takenAtNanos: '',
  }
}
