//! How outbox and stream are brought to agree again: the decisions, pure.

/** A row of the outbox as it remembers the stream. */
export type Remembered = { readonly id: string; readonly sequence: number }

/** The outbox's own account of a position in the stream, and what is there. */
export function agrees(row: Remembered, idInStream: string | undefined): boolean {
  return row.id === idInStream
}

/**
 * Which remembered row to compare next, counted back from the newest: 0, 1, 2, 4, 8 … A stream that went back agrees at
 * the first; one that was written anew from somewhere on is met in few steps, and what lies between is compared by id.
 */
export const nextOffset = (offset: number): number => (offset === 0 ? 1 : offset * 2)

/**
 * How far rows that are lost now must move down to stand before those that were lost earlier and are not published again
 * yet: what was in the stream until now has come before them, wherever the numbers have got to meanwhile.
 */
export function shiftBelow(firstLost: number | undefined, lastSent: number | undefined): number {
  return firstLost === undefined || lastSent === undefined ? 0 : Math.max(0, lastSent - firstLost + 1)
}

/** Nothing remembered at all: what was published and not marked is within the windows that were under way. */
export function unrememberedAfter(lastSequence: number, windowMax: number, relays = 2): number {
  return Math.max(0, lastSequence - windowMax * relays)
}

/**
 * From when on sent rows count: what the stream has dropped by age is not lost. An hour (or a tenth) before that time it
 * is not worth repairing either.
 */
export function repairableSince(now: number, maxAgeMs: number): number {
  return now - (maxAgeMs - Math.min(60 * 60 * 1000, maxAgeMs / 10))
}
