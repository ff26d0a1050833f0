//! When to try again, and whose fault it was: pure.
import { Refusal } from '../refusal.ts'

export type Backoff = { readonly firstMs: number; readonly maxMs: number }

/**
 * Doubles from the first to the longest wait, less up to a half of it by chance, so that those who failed together do
 * not come back together. `random` is from 0 up to 1.
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff, random: () => number): number {
  const ms = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30))
  return ms * (1 - random() / 2)
}

/** Whether a failure is worth another line in the log: the third in a row, and then ever more seldom. */
export const isWorthTelling = (failures: number): boolean =>
  failures >= 3 && Number.isInteger(Math.log2(failures + 1))

/** After which failure of one fact it is tried again, and when: five times, then it is put aside. */
export const retryDelaysMs: readonly number[] = [100, 300, 1_000, 2_500, 5_000]

// SQLite: no space, no disk, no lock, no memory. PostgreSQL: away, going, overcrowded, short of something, or asked to try again.
const storeCodes =
  /^(SQLITE_(FULL|IOERR|BUSY|LOCKED|READONLY|CANTOPEN|NOMEM|PROTOCOL|CORRUPT|NOTADB)|(08|53|57|58|40)[0-9A-Z]{3}$)/

/** True for what is no fault of the body that ran: the store cannot work now, and the same again may well succeed. */
export function isStoreAway(error: unknown): boolean {
  if (error instanceof Refusal) return ['unavailable', 'overloaded'].includes(error.error.code)
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && storeCodes.test(code)) return true
  return isStoreAway(error.cause)
}

/** What may be logged of an error that a query or somebody's handler threw: their messages hold what was in the row. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { code?: unknown }
  const own = typeof code === 'string' ? `${error.name} ${code}` : error.name
  return error.cause === undefined ? own : `${own} (${kindOf(error.cause)})`
}

const reasonLengthMax = 2_000

/** A failure in words, for people: no stack, bounded, and nothing that a store cannot keep. */
export function reasonOf(error: unknown): string {
  const own = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const cause = error instanceof Error && error.cause !== undefined ? ` (${reasonOf(error.cause)})` : ''
  return `${own}${cause}`.replaceAll('\0', '').toWellFormed().slice(0, reasonLengthMax)
}
