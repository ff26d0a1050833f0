//! The cart: what may be put in, taken out, and what it is worth. Pure.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import type { LineId, Sku } from '../../contracts/ids.ts'
import { uint16Max, uint32Max } from '../../contracts/scalars.ts'

export type CartLine = {
  /** Null where it was put in before lines had ids. */
  readonly id: LineId | null
  readonly sku: Sku
  readonly quantity: number
  /** Minor units a piece, when it was last added. */
  readonly price: number
}

export const linesMax = 100

/** What others know of the SKU that is to be added. */
export type Offer = { readonly sku: Sku; readonly price: number; readonly available: number }

/**
 * The line as it will stand, or the first reason why not. The same SKU adds up, and the sum is what is checked against
 * stock and bounds.
 */
export function addToCart(
  lines: readonly CartLine[],
  offer: Offer,
  quantity: number,
  newLineId: LineId | null,
): Result<CartLine> {
  const { sku, price, available } = offer
  const present = lines.find((line) => line.sku === sku)
  const wanted = (present?.quantity ?? 0) + quantity
  if (present === undefined && lines.length >= linesMax) return fail('cart_full')
  if (wanted > uint16Max) return fail('count_too_large')
  if (wanted > available) return fail('insufficient_stock', { shortages: [{ sku, wanted, available }] })
  const line = { id: present === undefined ? newLineId : present.id, sku, quantity: wanted, price }
  if (totalOf([...lines.filter((other) => other.sku !== sku), line]) > uint32Max)
    return fail('cart_total_too_large')
  return ok(line)
}

/** The line with so many pieces, or the first reason why not. Fewer than before are always to be had. */
export function changeQuantity(lines: readonly CartLine[], offer: Offer, quantity: number): Result<CartLine> {
  const present = lines.find((line) => line.sku === offer.sku)
  if (present === undefined) return fail('cart_line_not_found')
  const more = quantity - present.quantity
  if (more > 0) return addToCart(lines, offer, more, present.id)
  return ok({ ...present, quantity })
}

/** What stays of a line after `quantity` pieces are taken out, or undefined where nothing does. */
export function takeFromLine(line: CartLine, quantity: number | undefined): CartLine | undefined {
  if (quantity === undefined || quantity >= line.quantity) return undefined
  return { ...line, quantity: line.quantity - quantity }
}

/**
 * What stays of a line that was seen in a snapshot when that leaves the cart, or undefined where nothing does. A line
 * that was taken out meanwhile and put in again is another, and stays whole.
 */
export function takeSeen(line: CartLine, seen: CartLine): CartLine | undefined {
  // A snapshot from before lines had ids says nothing of them.
  return line.id === (seen.id ?? null) ? takeFromLine(line, seen.quantity) : line
}

/** Minor units. At most 100 × 65,535 × 4,294,967,295, which passes 2^53: such a cart cannot be filled, see `addToCart`. */
export function totalOf(lines: readonly { readonly quantity: number; readonly price: number }[]): number {
  return lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0)
}
