//! Stock: what can be bought, and from which warehouses an order is filled. Pure.
import type { Sku, WarehouseId } from '../../contracts/ids.ts'
import { uint16Max } from '../../contracts/scalars.ts'

/** One SKU in one warehouse. */
export type Stock = {
  readonly sku: Sku
  readonly warehouseId: WarehouseId
  readonly onHand: number
  readonly reserved: number
}

export type Wanted = { readonly sku: Sku; readonly quantity: number }
export type Shortage = { readonly sku: Sku; readonly wanted: number; readonly available: number }
/** So many pieces of a SKU, promised out of one warehouse. */
export type Allocation = { readonly sku: Sku; readonly warehouseId: WarehouseId; readonly quantity: number }

export type Allocated =
  | { readonly ok: true; readonly allocations: readonly Allocation[] }
  | { readonly ok: false; readonly shortages: readonly Shortage[] }

/** Up to this many warehouses every combination is tried; beyond it a parcel more is accepted for a bounded time. */
const exhaustiveMax = 10

export const availableOf = (stock: Pick<Stock, 'onHand' | 'reserved'>): number =>
  stock.onHand - stock.reserved

/** What stands on the shelves of a product that was withdrawn is no longer for sale: all of it counts as promised. */
export function sellable(
  stocks: readonly Stock[],
  products: readonly { readonly sku: Sku; readonly withdrawn: boolean }[],
): readonly Stock[] {
  if (!products.some((product) => product.withdrawn)) return stocks
  const withdrawn = new Set(products.filter((product) => product.withdrawn).map(({ sku }) => sku))
  return stocks.map((stock) => (withdrawn.has(stock.sku) ? { ...stock, reserved: stock.onHand } : stock))
}

/** Sums lines of the same SKU, in ascending order of SKU. */
export function merge(lines: readonly Wanted[]): Wanted[] {
  const sums = new Map<Sku, number>()
  for (const { sku, quantity } of lines) sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  return [...sums].map(([sku, quantity]) => ({ sku, quantity })).sort((a, b) => a.sku - b.sku)
}

/** The indexes of the lines at which a repeated SKU adds up past what one order line can say. */
export function overfullLines(lines: readonly Wanted[]): number[] {
  const sums = new Map<Sku, number>()
  return lines.flatMap(({ sku, quantity }, index) => {
    const sum = (sums.get(sku) ?? 0) + quantity
    sums.set(sku, sum)
    return sum > uint16Max ? [index] : []
  })
}

/**
 * Chooses the warehouses of an order: as few as can fill it whole, lowest ids first among equals; a line is split only
 * where no chosen warehouse holds all of it, and then taken from the fullest first. The same stock and lines always give
 * the same answer. `wanted` has each SKU once; all or nothing: one short line, and nothing is allocated.
 */
export function allocateStock(wanted: readonly Wanted[], stocks: readonly Stock[]): Allocated {
  const bySku = availableBySku(stocks)
  const shortages = wanted.flatMap(({ sku, quantity }) => {
    const available = sum(bySku.get(sku)?.values() ?? [])
    return available < quantity ? [{ sku, wanted: quantity, available }] : []
  })
  if (shortages.length > 0) return { ok: false, shortages }

  const chosen = fewestWarehouses(wanted, bySku)
  return {
    ok: true,
    allocations: wanted.flatMap((line) => takeLine(line, bySku.get(line.sku) ?? new Map(), chosen)),
  }
}

type AvailableByWarehouse = ReadonlyMap<WarehouseId, number>

function availableBySku(stocks: readonly Stock[]): ReadonlyMap<Sku, AvailableByWarehouse> {
  const bySku = new Map<Sku, Map<WarehouseId, number>>()
  for (const stock of stocks) {
    const available = availableOf(stock)
    if (available <= 0) continue
    const warehouses = bySku.get(stock.sku) ?? new Map<WarehouseId, number>()
    warehouses.set(stock.warehouseId, available)
    bySku.set(stock.sku, warehouses)
  }
  return bySku
}

/** The smallest set of warehouses that fills every line; of equal ones the first in ascending order of ids. */
function fewestWarehouses(
  wanted: readonly Wanted[],
  bySku: ReadonlyMap<Sku, AvailableByWarehouse>,
): ReadonlySet<WarehouseId> {
  const all = [...new Set(wanted.flatMap(({ sku }) => [...(bySku.get(sku)?.keys() ?? [])]))].sort(ascending)
  const fills = (chosen: ReadonlySet<WarehouseId>) =>
    wanted.every(({ sku, quantity }) => {
      let available = 0
      for (const [warehouse, pieces] of bySku.get(sku) ?? []) if (chosen.has(warehouse)) available += pieces
      return available >= quantity
    })
  if (all.length <= exhaustiveMax) {
    for (let size = 1; size < all.length; size += 1) {
      for (const combination of combinations(all, size)) {
        const chosen = new Set(combination)
        if (fills(chosen)) return chosen
      }
    }
    return new Set(all)
  }
  // Too many to try every combination: leave out, from the highest id down, each one that is not needed.
  const chosen = new Set(all)
  for (const warehouse of all.toReversed()) {
    chosen.delete(warehouse)
    if (!fills(chosen)) chosen.add(warehouse)
  }
  return chosen
}

function takeLine(
  { sku, quantity }: Wanted,
  available: AvailableByWarehouse,
  chosen: ReadonlySet<WarehouseId>,
): Allocation[] {
  const offers = [...available]
    .filter(([warehouse]) => chosen.has(warehouse))
    .sort(([a], [b]) => ascending(a, b))
  const whole = offers.find(([, pieces]) => pieces >= quantity)
  if (whole !== undefined) return [{ sku, warehouseId: whole[0], quantity }]
  const allocations: Allocation[] = []
  let missing = quantity
  for (const [warehouseId, pieces] of offers.toSorted((a, b) => b[1] - a[1] || ascending(a[0], b[0]))) {
    if (missing === 0) break
    const taken = Math.min(pieces, missing)
    allocations.push({ sku, warehouseId, quantity: taken })
    missing -= taken
  }
  return allocations.sort((a, b) => ascending(a.warehouseId, b.warehouseId))
}

const ascending = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

function sum(numbers: Iterable<number>): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

/** All combinations of `size`, in lexicographic order of the given items. */
function* combinations<T>(items: readonly T[], size: number, from = 0): Generator<T[]> {
  if (size === 0) {
    yield []
    return
  }
  for (let index = from; index <= items.length - size; index += 1) {
    const item = items[index] as T
    for (const rest of combinations(items, size - 1, index + 1)) yield [item, ...rest]
  }
}
