//! Time is milliseconds since 1970 UTC, with a brand: a plain number passes unchanged through JSON and both databases.

declare const instant: unique symbol
export type Instant = number & { readonly [instant]: true }

/** `now` of a process: handed in, so that a test about deadlines is one line long. */
export type Clock = () => Instant

export function instantOf(epochMs: number): Instant {
  if (!Number.isSafeInteger(epochMs)) throw new RangeError(`not an instant: ${epochMs}`)
  return epochMs as Instant
}

export function plusMs(at: Instant, ms: number): Instant {
  return instantOf(at + ms)
}

/** RFC 3339 in UTC with milliseconds, the only form that we print. */
export function toRfc3339(at: Instant): string {
  return new Date(at).toISOString()
}

// RFC 3339, section 5.6; what `Date.parse` takes beyond it (dates alone, local times) is refused.
const rfc3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** The instant that an RFC 3339 text names, or undefined where it names none (31 February too). */
export function parseRfc3339(text: string): Instant | undefined {
  if (!rfc3339.test(text)) return undefined
  const epochMs = Date.parse(text.toUpperCase())
  if (Number.isNaN(epochMs)) return undefined
  // Date.parse rolls 31 February over into March; a day that does not exist is not a time.
  const day = Number(text.slice(8, 10))
  const lastDay = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate()
  return day <= lastDay ? instantOf(epochMs) : undefined
}

/**
 * The process's clock: the wall clock read once at the start, then moved by the monotonic one, so that a step of the
 * wall clock never makes time go back within a process.
 */
export function processClock(
  wallMs: () => number = Date.now,
  elapsedMs: () => number = () => performance.now(),
): Clock {
  const startedAt = wallMs() - elapsedMs()
  return () => Math.floor(startedAt + elapsedMs()) as Instant
}
