//! The choice of warehouses: cases to read, and laws for any stock.
import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Sku, WarehouseId } from '../../contracts/ids.ts'
import {
  allocateStock,
  availableOf,
  merge,
  overfullLines,
  type Stock,
  sellable,
  type Wanted,
} from './stock.ts'

const stock = (sku: number, warehouse: number, onHand: number, reserved = 0): Stock => ({
  sku: sku as Sku,
  warehouseId: BigInt(warehouse) as WarehouseId,
  onHand,
  reserved,
})
const want = (sku: number, quantity: number): Wanted => ({ sku: sku as Sku, quantity })
/** `sku@warehouse×quantity`, short enough to read as a table. */
const shown = (wanted: Wanted[], stocks: Stock[]) => {
  const allocated = allocateStock(wanted, stocks)
  if (!allocated.ok)
    return allocated.shortages.map((s) => `short ${s.sku}: ${s.available}/${s.wanted}`).join(' ')
  return allocated.allocations.map((a) => `${a.sku}@${a.warehouseId}×${a.quantity}`).join(' ')
}

describe('allocateStock', () => {
  const cases: [promise: string, wanted: Wanted[], stocks: Stock[], expected: string][] = [
    ['takes from the lowest warehouse that has it', [want(1, 2)], [stock(1, 1, 5), stock(1, 2, 9)], '1@1×2'],
    ['does not count what is promised', [want(1, 2)], [stock(1, 1, 5, 4), stock(1, 2, 9)], '1@2×2'],
    [
      'prefers one warehouse for the whole order',
      [want(1, 1), want(2, 1)],
      [stock(1, 1, 1), stock(1, 2, 1), stock(2, 2, 1)],
      '1@2×1 2@2×1',
    ],
    ['takes the exact last pieces', [want(1, 3)], [stock(1, 1, 3)], '1@1×3'],
    ['splits where no warehouse has all', [want(1, 5)], [stock(1, 1, 2), stock(1, 2, 4)], '1@1×1 1@2×4'],
    [
      'splits over as few as possible',
      [want(1, 6)],
      [stock(1, 1, 2), stock(1, 2, 3), stock(1, 3, 3)],
      '1@2×3 1@3×3',
    ],
    [
      'names every short line',
      [want(1, 2), want(2, 1), want(3, 9)],
      [stock(1, 1, 1), stock(2, 1, 5), stock(3, 1, 4), stock(3, 2, 4)],
      'short 1: 1/2 short 3: 8/9',
    ],
    ['knows nothing of an unknown SKU', [want(9, 1)], [], 'short 9: 0/1'],
  ]
  for (const [promise, wanted, stocks, expected] of cases) {
    test(promise, () => expect(shown(wanted, stocks)).toBe(expected))
  }

  const anyStocks = fc
    .uniqueArray(
      fc.record({
        sku: fc.integer({ min: 1, max: 4 }),
        warehouse: fc.integer({ min: 1, max: 12 }),
        onHand: fc.nat(6),
        promised: fc.nat(6),
      }),
      { selector: ({ sku, warehouse }) => `${sku} ${warehouse}`, maxLength: 30 },
    )
    .map((rows) => rows.map((r) => stock(r.sku, r.warehouse, r.onHand, Math.min(r.promised, r.onHand))))
  const anyWanted = fc
    .array(fc.record({ sku: fc.integer({ min: 1, max: 4 }), quantity: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((lines) => merge(lines.map(({ sku, quantity }) => want(sku, quantity))))

  test('fills every line exactly, never past what is available, or says exactly what is short', () => {
    fc.assert(
      fc.property(anyWanted, anyStocks, (wanted, stocks) => {
        const available = (sku: Sku) =>
          stocks.filter((s) => s.sku === sku).reduce((sum, s) => sum + availableOf(s), 0)
        const allocated = allocateStock(wanted, stocks)
        const short = wanted.filter(({ sku, quantity }) => available(sku) < quantity)
        expect(allocated.ok).toBe(short.length === 0)
        if (!allocated.ok) {
          expect(allocated.shortages).toEqual(
            short.map(({ sku, quantity }) => ({ sku, wanted: quantity, available: available(sku) })),
          )
          return
        }
        for (const { sku, quantity } of wanted) {
          const taken = allocated.allocations.filter((a) => a.sku === sku)
          expect(taken.reduce((sum, a) => sum + a.quantity, 0)).toBe(quantity)
          for (const a of taken) {
            const shelf = stocks.find((s) => s.sku === sku && s.warehouseId === a.warehouseId)
            expect(a.quantity).toBeGreaterThan(0)
            expect(a.quantity).toBeLessThanOrEqual(shelf === undefined ? 0 : availableOf(shelf))
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  test('gives the same answer whatever order the rows come in', () => {
    fc.assert(
      fc.property(anyWanted, anyStocks, (wanted, stocks) => {
        expect(allocateStock(wanted, stocks.toReversed())).toEqual(allocateStock(wanted, stocks))
      }),
    )
  })
})

test('merge sums repeated SKUs and sorts them', () => {
  expect(merge([want(5, 1), want(2, 3), want(5, 4)])).toEqual([want(2, 3), want(5, 5)])
})

test('overfullLines names each line at which its SKU passes 65,535, and no other', () => {
  expect(overfullLines([])).toEqual([])
  expect(overfullLines([want(1, 65_535), want(2, 65_535)])).toEqual([])
  expect(overfullLines([want(1, 65_534), want(2, 1), want(1, 1)])).toEqual([])
  expect(overfullLines([want(1, 65_534), want(2, 1), want(1, 2), want(1, 1)])).toEqual([2, 3])
})

test('sellable leaves nothing of a withdrawn product to be bought, and all of the others', () => {
  const stocks = [stock(1, 1, 5, 2), stock(2, 1, 5), stock(3, 2, 4)]
  const known = (sku: number, withdrawn: boolean) => ({ sku: sku as Sku, withdrawn })
  expect(sellable(stocks, [known(1, true), known(2, false)]).map(availableOf)).toEqual([0, 5, 4])
  expect(sellable(stocks, [])).toEqual(stocks)
})
