import { describe, expect, test } from 'bun:test'
import { Admission, shareOf } from './admission.ts'

/** Callers who all wait in one row, in which one is answered every `eachMs`. */
class Row {
  nowMs = 1
  readonly admission: Admission
  readonly #entered: number[] = []

  constructor(admission: Admission) {
    this.admission = admission
  }

  get waiting(): number {
    return this.#entered.length
  }

  /** So many come; answers how many were let in. */
  come(count: number): number {
    let letIn = 0
    for (let i = 0; i < count; i++) {
      if (!this.admission.isOpen) {
        this.admission.turnAway()
        continue
      }
      this.admission.enter(this.nowMs)
      this.#entered.push(this.nowMs)
      letIn += 1
    }
    return letIn
  }

  /** For so long: `perMs` come every millisecond, and one is answered every `eachMs`. Answers how long they waited. */
  pass(ms: number, { perMs, eachMs }: { perMs: number; eachMs: number }): number[] {
    const waits: number[] = []
    for (const endsAt = this.nowMs + ms; this.nowMs < endsAt; this.nowMs += 1) {
      this.come(perMs)
      if (this.nowMs % eachMs !== 0) continue
      const entered = this.#entered.shift()
      if (entered === undefined) continue
      waits.push(this.nowMs - entered)
      this.admission.leave(entered, this.nowMs)
    }
    return waits
  }
}

const row = (most = 512, waitMsMax = 1000) => new Row(new Admission({ most, waitMsMax }))

test('a kind has half of the places, and all of them where there are few', () => {
  expect([1, 2, 64, 100, 128, 1024].map(shareOf)).toEqual([1, 2, 64, 64, 64, 512])
})

test('as many are let in as there are places', () => {
  expect(row(3).come(10)).toBe(3)
})

describe('while more come than can be answered', () => {
  test('nobody waits much longer than they may, once that was noticed', () => {
    const slow = row()
    slow.pass(8000, { perMs: 1, eachMs: 10 })
    const waits = slow.pass(10_000, { perMs: 1, eachMs: 10 })
    expect(Math.max(...waits)).toBeLessThan(2500)
    // And all the time somebody is served.
    expect(waits).toHaveLength(1000)
    expect(slow.admission.limit).toBeLessThan(256)
  })

  test('so few as are always let in are let in however long it takes', () => {
    const stuck = row()
    stuck.pass(60_000, { perMs: 1, eachMs: 100 })
    expect(stuck.admission.limit).toBe(64)
    expect(stuck.waiting).toBeLessThan(100)
  })
})

test('when all goes quickly again the limit is soon what it was', () => {
  const slow = row()
  slow.pass(5000, { perMs: 1, eachMs: 10 })
  const before = slow.admission.limit
  slow.pass(4000, { perMs: 1, eachMs: 1 })
  expect(before).toBeLessThan(256)
  expect(slow.admission.limit).toBe(512)
})

test('a crowd that comes in waves, with nobody there in between, has soon room again', () => {
  const slow = row()
  slow.pass(60_000, { perMs: 1, eachMs: 100 })
  slow.pass(200, { perMs: 0, eachMs: 1 })
  expect([slow.waiting, slow.admission.limit]).toEqual([0, 64])
  for (let wave = 0; wave < 20; wave += 1) {
    slow.come(128)
    slow.pass(150, { perMs: 0, eachMs: 1 })
    expect(slow.waiting).toBe(0)
  }
  expect(slow.come(128)).toBe(128)
})

test('after a long rest there is as much room as at first', () => {
  const slow = row()
  slow.pass(60_000, { perMs: 1, eachMs: 100 })
  slow.pass(2_000, { perMs: 0, eachMs: 1 })
  expect(slow.come(512)).toBe(512)
})

test('a few slow ones among many do not shut the door on the others', () => {
  const mixed = new Admission({ most: 512, waitMsMax: 1000 })
  for (let nowMs = 1; nowMs < 20_000; nowMs += 1) {
    mixed.enter(nowMs)
    if (nowMs > 3000 && nowMs % 10 === 0) mixed.leave(nowMs - 3000, nowMs)
    else if (nowMs > 5) mixed.leave(nowMs - 5, nowMs)
  }
  expect(mixed.limit).toBe(512)
})

test('one that was slow after a long rest says nothing about a crowd', () => {
  const resting = new Admission({ most: 512, waitMsMax: 1000 })
  resting.enter(60_000)
  resting.leave(60_000, 65_000)
  expect(resting.limit).toBe(512)
})

describe('those who yield to others', () => {
  test('are let in more sparingly while the others are turned away, and never less than a few', () => {
    const first = new Admission({ most: 512, waitMsMax: 1000 })
    const yielding = new Row(new Admission({ most: 512, waitMsMax: 1000, yieldsTo: [first] }))
    const judge = () => yielding.pass(300, { perMs: 10, eachMs: 1 })
    judge()
    expect(yielding.admission.limit).toBe(512)
    first.enter(1)
    for (let i = 0; i < 3; i++) {
      first.turnAway()
      judge()
    }
    expect(yielding.admission.limit).toBeLessThan(256)
    for (let i = 0; i < 30; i++) {
      first.turnAway()
      judge()
    }
    expect(yielding.admission.limit).toBe(64)
  })

  test('are as welcome as before when the others have gone', () => {
    const first = new Admission({ most: 512, waitMsMax: 1000 })
    const yielding = new Row(new Admission({ most: 512, waitMsMax: 1000, yieldsTo: [first] }))
    first.enter(1)
    first.turnAway()
    yielding.pass(2000, { perMs: 10, eachMs: 1 })
    expect(yielding.admission.limit).toBeLessThan(512)
    first.leave(1, 2)
    yielding.pass(4000, { perMs: 1, eachMs: 1 })
    expect(yielding.admission.limit).toBe(512)
  })
})
