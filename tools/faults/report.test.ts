//! What `bun run faults` makes of the lines that its tests print, and that no fault test is left out.
import { describe, expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { countedPrefix } from '../../tests/faults/counted.ts'
import { countedIn, tableOf, totalOf } from './report.ts'
import { filesOf, type Row, rows } from './rows.ts'

const root = resolve(import.meta.dir, '../..')
const row: Row = { row: 4, what: 'kills', round: 'kills', tests: [] }

describe('what tests have counted', () => {
  test('is read from their lines, and from no others', () => {
    const line = `${countedPrefix}{"row":4,"counts":{"kills":3}}`
    expect(countedIn(line)).toEqual({ row: 4, counts: { kills: 3 } })
    expect(countedIn('kill: FAULT_SEED=1')).toBeUndefined()
  })

  test('is added up, and of times the longest is kept', () => {
    const first = { row: 4, counts: { kills: 3, orders: 10 }, timesMs: { settled: 5 } }
    const second = { row: 4, counts: { kills: 4 }, timesMs: { settled: 9, back: 1 } }
    expect(totalOf([first, second])).toEqual({
      counts: { kills: 7, orders: 10 },
      timesMs: { settled: 9, back: 1 },
    })
  })

  test('stands in a table, with what was skipped and what was violated', () => {
    const counted = [
      { row: 4, counts: { kills: 3 }, timesMs: { settled: 5 } },
      { row: 4, skipped: 'only root may mount' },
      { row: 4, skipped: 'only root may mount' },
    ]
    const lines = tableOf([{ row, counted, failed: 2, seconds: 61.4 }]).split('\n')
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['row', 'what', 'counted', 'violations', 'seconds'],
      ['4', 'kills', '3 kills, settled 5 ms, SKIPPED: only root may mount', '2', '61'],
    ])
    expect(lines[0]?.indexOf('violations')).toBe(lines[1]?.indexOf('2  '))
  })

  test('goes on in a further line where it is long', () => {
    const counts = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`things of kind ${index}`, 1]),
    )
    const lines = tableOf([{ row, counted: [{ row: 4, counts }], failed: 0, seconds: 1 }]).split('\n')
    expect(lines.length).toBeGreaterThan(4)
    for (const line of lines) expect(line.length).toBeLessThan(120)
  })
})

test('every fault test stands for a row, and for one only', () => {
  const there = [...new Bun.Glob('tests/faults/**/*.test.ts').scanSync({ cwd: root })].sort()
  const standing = rows.flatMap((each) => filesOf(each, root)).sort()
  // Some rows are shown at the doors, and live there.
  expect(standing.filter((file) => file.startsWith('tests/faults/'))).toEqual(there)
  expect(new Set(standing).size).toBe(standing.length)
})
