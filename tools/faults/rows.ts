//! Which tests stand for which row of the scorecard (docs/reliability.md), and what one round of each is.

export type Row = {
  readonly row: number
  readonly what: string
  /** What `--rounds` counts; without it the tests do as much as in CI. */
  readonly round: string
  /** Globs, from the repository's root; a row without a file is not there yet. */
  readonly tests: readonly string[]
}

export const rows: readonly Row[] = [
  {
    row: 3,
    what: 'the Nth write, publish or call fails',
    round: 'pairs of faults',
    tests: ['tests/faults/nth/**/*.test.ts'],
  },
  {
    row: 4,
    what: '`kill -9` of services and NATS under load',
    round: 'kills',
    tests: ['tests/faults/{kill,expiry,money,saga-kill}.test.ts'],
  },
  { row: 5, what: 'power loss', round: 'power losses', tests: ['tests/faults/power.test.ts'] },
  {
    row: 6,
    what: 'NATS loses its store, goes away, or is hard to reach',
    round: 'times each fault',
    tests: ['tests/faults/nats-*.test.ts', 'tests/faults/network.test.ts'],
  },
  { row: 7, what: 'disk full, EIO', round: 'times each fault', tests: ['tests/faults/disk*.test.ts'] },
  { row: 8, what: 'clock ± 24 h', round: 'steps of the clock', tests: ['tests/faults/clock*.test.ts'] },
  {
    row: 9,
    what: 'poison, malformed, unknown and huge messages',
    round: 'messages a consumer',
    tests: ['tests/faults/poison*.test.ts'],
  },
  { row: 10, what: 'the race for the last unit', round: 'races', tests: ['tests/faults/last-unit.test.ts'] },
  {
    row: 11,
    what: 'idempotency with kills between commit and reply',
    round: 'keys',
    tests: ['tests/faults/idempotency.test.ts'],
  },
  { row: 12, what: 'overload', round: 'rounds', tests: ['tests/faults/overload*.test.ts'] },
  {
    row: 13,
    what: 'rolling restarts under load',
    round: 'restarts',
    tests: ['tests/faults/rolling*.test.ts'],
  },
  {
    row: 17,
    what: 'HTTP abuse',
    round: 'times each case',
    tests: ['tests/surfaces/abuse*.test.ts', 'gateway/abuse.test.ts'],
  },
  { row: 18, what: 'schema fuzz', round: 'requests', tests: ['tests/surfaces/fuzz.test.ts'] },
  { row: 19, what: 'canaries in logs', round: 'times', tests: ['tests/surfaces/canary.test.ts'] },
]

/** The files of a row that are there. */
export const filesOf = ({ tests }: Row, root: string): string[] =>
  tests.flatMap((glob) => [...new Bun.Glob(glob).scanSync({ cwd: root })]).sort()
