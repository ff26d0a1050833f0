//! What may be put into a cart: every bound from both sides, and the order in which they are told.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { LineId, Sku } from '../../contracts/ids.ts'
import { uint16Max, uint32Max } from '../../contracts/scalars.ts'
import {
  addToCart as add,
  type CartLine,
  changeQuantity,
  linesMax,
  takeFromLine,
  takeSeen,
  totalOf,
} from './cart.ts'

const lineId: LineId = 'lin_1'
const line = (sku: number, quantity: number, price = 1): CartLine => ({
  id: lineId,
  sku: sku as Sku,
  quantity,
  price,
})
const addToCart = (lines: readonly CartLine[], offer: Parameters<typeof add>[1], quantity: number) =>
  add(lines, offer, quantity, lineId)
const offer = (sku: number, available: number, price = 1) => ({ sku: sku as Sku, available, price })
const full = Array.from({ length: linesMax }, (_, index) => line(index + 1, 1))

/** The code of the refusal, or the quantity of the line as it will stand. */
const added = (...asked: Parameters<typeof addToCart>) => {
  const result = addToCart(...asked)
  return result.ok ? result.value.quantity : result.error.code
}

describe('addToCart', () => {
  test('makes a line, and adds up what is there already', () => {
    expect(addToCart([], offer(1, 5, 250), 2)).toEqual({ ok: true, value: line(1, 2, 250) })
    expect(added([line(2, 9), line(1, 3)], offer(1, 5), 2)).toBe(5)
  })

  test('takes the price of now for the whole line', () => {
    expect(addToCart([line(1, 3, 100)], offer(1, 5, 250), 1)).toEqual({ ok: true, value: line(1, 4, 250) })
  })

  test('checks the sum against stock, not what is added', () => {
    expect(added([line(1, 3)], offer(1, 5), 3)).toBe('insufficient_stock')
    expect(addToCart([line(1, 3)], offer(1, 5), 3)).toMatchObject({
      error: { details: { shortages: [{ sku: 1, wanted: 6, available: 5 }] } },
    })
    expect(added([line(2, 3)], offer(1, 0), 1)).toBe('insufficient_stock')
  })

  test('takes the hundredth line and refuses the next, but not more of a line that is there', () => {
    expect(added(full.slice(1), offer(1, 5), 1)).toBe(1)
    expect(added(full, offer(101, 5), 1)).toBe('cart_full')
    expect(added(full, offer(100, 5), 1)).toBe(2)
  })

  test('takes 65,535 pieces of a line and no more', () => {
    const many = 10 * uint16Max
    expect(added([], offer(1, many), uint16Max)).toBe(uint16Max)
    expect(added([line(1, uint16Max - 1)], offer(1, many), 1)).toBe(uint16Max)
    expect(added([line(1, uint16Max)], offer(1, many), 1)).toBe('count_too_large')
  })

  test('takes a total of 4,294,967,295 minor units and no more', () => {
    expect(added([], offer(1, 5, uint32Max), 1)).toBe(1)
    expect(added([], offer(1, 5, uint32Max), 2)).toBe('cart_total_too_large')
    const others = [line(1, 2, 2_000_000_000), line(2, 1, 294_967_294)]
    expect(added(others, offer(3, 5, 1), 1)).toBe(1)
    expect(added(others, offer(3, 5, 1), 2)).toBe('cart_total_too_large')
  })

  test('counts a line that is added to at its new price only', () => {
    expect(added([line(1, 1, uint32Max)], offer(1, 5, 10), 1)).toBe(2)
  })

  test('what it lets in keeps every bound, and what it refuses would have broken one', () => {
    const anyLines = fc
      .uniqueArray(
        fc.tuple(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: uint16Max }), fc.nat(100_000)),
        { selector: ([sku]) => sku, maxLength: linesMax },
      )
      .map((lines) => lines.map(([sku, quantity, price]) => line(sku, quantity, price)))
      .filter((lines) => totalOf(lines) <= uint32Max)
    const anyOffer = fc
      .tuple(fc.integer({ min: 1, max: 120 }), fc.nat(uint16Max * 2), fc.nat(100_000))
      .map(([sku, available, price]) => offer(sku, available, price))
    fc.assert(
      fc.property(anyLines, anyOffer, fc.integer({ min: 1, max: uint16Max }), (lines, offer, quantity) => {
        const present = lines.find(({ sku }) => sku === offer.sku)
        const wanted = (present?.quantity ?? 0) + quantity
        const after = [...lines.filter(({ sku }) => sku !== offer.sku), line(offer.sku, wanted, offer.price)]
        const holds =
          after.length <= linesMax &&
          wanted <= uint16Max &&
          wanted <= offer.available &&
          totalOf(after) <= uint32Max
        const result = addToCart(lines, offer, quantity)
        expect(result.ok).toBe(holds)
        if (result.ok) expect(result.value).toEqual(after.at(-1) as CartLine)
      }),
    )
  })
})

test('a line keeps its id while it is there, and has a new one when it is put in anew', () => {
  const idOf = (lines: readonly CartLine[]) => {
    const result = add(lines, offer(1, 9), 1, 'lin_2')
    return result.ok ? result.value.id : undefined
  }
  expect(idOf([])).toBe('lin_2')
  expect(idOf([line(1, 3)])).toBe('lin_1')
  expect(idOf([{ ...line(1, 3), id: null }])).toBeNull()
})

describe('changeQuantity', () => {
  const changed = (...asked: Parameters<typeof changeQuantity>) => {
    const result = changeQuantity(...asked)
    return result.ok ? result.value.quantity : result.error.code
  }

  test('makes it more, at the price of now, as adding would', () => {
    expect(changeQuantity([line(1, 3, 100)], offer(1, 5, 250), 5)).toEqual({
      ok: true,
      value: line(1, 5, 250),
    })
    expect(changed([line(1, 3)], offer(1, 5), 6)).toBe('insufficient_stock')
    expect(changed([line(1, 3)], offer(1, 9, uint32Max), 4)).toBe('cart_total_too_large')
  })

  test('makes it fewer, also where as many are not to be had any more', () => {
    expect(changed([line(1, 3)], offer(1, 0), 2)).toBe(2)
    expect(changed([line(1, 3)], offer(1, 0), 3)).toBe(3)
    expect(changed([line(1, 3)], offer(1, 0, uint32Max), 2)).toBe(2)
  })

  test('makes no line where there is none', () => {
    expect(changed([line(2, 3)], offer(1, 9), 1)).toBe('cart_line_not_found')
  })
})

describe('takeSeen', () => {
  test('takes what was seen, and leaves what was added since', () => {
    expect(takeSeen(line(1, 5), line(1, 2))).toEqual(line(1, 3))
    expect(takeSeen(line(1, 2), line(1, 2))).toBeUndefined()
    expect(takeSeen(line(1, 1), line(1, 2))).toBeUndefined()
  })

  test('leaves a line whole that was put in anew since', () => {
    const anew = { ...line(1, 2), id: 'lin_2' as const }
    expect(takeSeen(anew, line(1, 2))).toBe(anew)
  })

  test('of a line and a snapshot from before lines had ids takes what was seen', () => {
    const { id: _, ...old } = line(1, 2)
    expect(takeSeen({ ...line(1, 3), id: null }, old as CartLine)).toEqual({ ...line(1, 1), id: null })
    expect(takeSeen(line(1, 3), old as CartLine)).toEqual(line(1, 3))
  })
})

describe('takeFromLine', () => {
  test('leaves the rest, and nothing where all or more is taken, or where no quantity is said', () => {
    expect(takeFromLine(line(1, 5, 7), 2)).toEqual(line(1, 3, 7))
    expect(takeFromLine(line(1, 5), 4)).toEqual(line(1, 1))
    for (const quantity of [5, 6, uint16Max, undefined])
      expect(takeFromLine(line(1, 5), quantity)).toBeUndefined()
  })
})

test('the total is exact for every cart that addToCart lets in', () => {
  expect(totalOf([])).toBe(0)
  expect(totalOf([line(1, 3, 100), line(2, 1, 5)])).toBe(305)
  expect(totalOf([line(1, uint16Max, uint32Max)])).toBe(281_470_681_677_825)
})
