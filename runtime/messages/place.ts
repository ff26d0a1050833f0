//! Where a reader stands in a stream that may have gone back, been written anew, or dropped what was not read: pure.
import type { StreamState } from './fact-stream.ts'

export type Place = {
  /** Everything up to here was read; 0 where nothing was. */
  readonly sequence: number
  /** The event that stood there; empty where none was seen. */
  readonly eventId: string
}

export type Standing =
  /** The message at the place is the one that we remember: it is read once more, as proof, and then what follows. */
  | { readonly kind: 'verified' }
  /** The stream has dropped the message at the place by age, and nothing after it: there is nothing to compare. */
  | { readonly kind: 'at-start' }
  /** The stream has dropped what we have not read. */
  | { readonly kind: 'fell-off'; readonly missed: number; readonly place: Place }
  /** The stream is not the one that we read. */
  | { readonly kind: 'went-back' }

/** Compares a place with the stream; `idAtPlace` is the identity of the message that stands there now. */
export function standingOf(place: Place, state: StreamState, idAtPlace: string | undefined): Standing {
  if (place.sequence > state.lastSequence) return { kind: 'went-back' }
  const before = Math.max(0, state.firstSequence - 1)
  if (place.sequence < before) {
    // Who never read anything begins with what there is.
    const missed = place.sequence === 0 ? 0 : before - place.sequence
    return { kind: 'fell-off', missed, place: { sequence: before, eventId: '' } }
  }
  if (place.sequence === before) return { kind: 'at-start' }
  return place.eventId !== '' && place.eventId === idAtPlace ? { kind: 'verified' } : { kind: 'went-back' }
}

/** True where the sequence can be asked for at all. */
export function isWithin(state: StreamState, sequence: number): boolean {
  return sequence >= state.firstSequence && sequence <= state.lastSequence && sequence > 0
}

/** Where to read from when nothing that we remember is in the stream any more: its beginning. */
export function beginningOf(state: StreamState): Place {
  return { sequence: Math.max(0, state.firstSequence - 1), eventId: '' }
}
