import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { beginningOf, isWithin, standingOf } from './place.ts'

const state = (firstSequence: number, lastSequence: number) => ({ firstSequence, lastSequence, holes: 0 })

describe('standingOf', () => {
  test.each([
    ['the same event at the place', { sequence: 7, eventId: 'x' }, state(1, 9), 'x', 'verified'],
    ['the same event at the end', { sequence: 9, eventId: 'x' }, state(1, 9), 'x', 'verified'],
    ['another event at the place', { sequence: 7, eventId: 'x' }, state(1, 9), 'y', 'went-back'],
    ['a hole at the place', { sequence: 7, eventId: 'x' }, state(1, 9), undefined, 'went-back'],
    ['an end before the place', { sequence: 10, eventId: 'x' }, state(1, 9), undefined, 'went-back'],
    ['a stream made anew', { sequence: 10, eventId: 'x' }, state(0, 0), undefined, 'went-back'],
    ['an event where we never saw one', { sequence: 7, eventId: '' }, state(1, 9), 'y', 'went-back'],
    ['nothing read, nothing there', { sequence: 0, eventId: '' }, state(0, 0), undefined, 'at-start'],
    ['nothing read, all there', { sequence: 0, eventId: '' }, state(1, 9), undefined, 'at-start'],
    ['just what was read has expired', { sequence: 7, eventId: 'x' }, state(8, 9), undefined, 'at-start'],
    ['all was read and has expired', { sequence: 9, eventId: 'x' }, state(10, 9), undefined, 'at-start'],
  ])('%s', (_, place, stream, idAtPlace, kind) => {
    expect(standingOf(place, stream, idAtPlace)).toEqual({ kind } as never)
  })

  test('who was away too long learns how much is gone, and where to go on', () => {
    expect(standingOf({ sequence: 3, eventId: 'x' }, state(8, 9), undefined)).toEqual({
      kind: 'fell-off',
      missed: 4,
      place: { sequence: 7, eventId: '' },
    })
  })

  test('who never read anything has missed nothing', () => {
    expect(standingOf({ sequence: 0, eventId: '' }, state(8, 9), undefined)).toEqual({
      kind: 'fell-off',
      missed: 0,
      place: { sequence: 7, eventId: '' },
    })
  })

  test('whatever the place, nothing is passed over silently: it is proved, at the start, counted, or gone back from', () => {
    const streams = fc
      .tuple(fc.nat(50), fc.nat(50))
      .map(([before, count]) => state(before + 1, before + count))
    const places = fc.record({ sequence: fc.nat(120), eventId: fc.constantFrom('', 'x', 'y') })
    fc.assert(
      fc.property(streams, places, fc.constantFrom('x', 'y', undefined), (stream, place, id) => {
        const standing = standingOf(place, stream, isWithin(stream, place.sequence) ? id : undefined)
        const before = stream.firstSequence - 1
        if (standing.kind === 'verified') {
          expect(isWithin(stream, place.sequence)).toBe(true)
          expect(String(place.eventId)).toBe(id ?? 'never')
        }
        if (standing.kind === 'at-start') expect(place.sequence).toBe(before)
        if (standing.kind === 'fell-off') {
          expect(standing.place).toEqual(beginningOf(stream))
          expect(standing.missed).toBe(place.sequence === 0 ? 0 : before - place.sequence)
        }
      }),
    )
  })
})
