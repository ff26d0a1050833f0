//! What customers asked for and were told, sorted: by kind, by key, by what can be known of it.
import type { Sku } from '../../contracts/ids.ts'
import { merge } from '../../loms/domain/stock.ts'
import { isFinal, type Told, textOf } from './clients.ts'
import type { Line, Request } from './steps.ts'

export type Of<D extends Request['do']> = Told & { readonly request: Extract<Request, { do: D }> }

export const of = <D extends Request['do']>(told: readonly Told[], kind: D): Of<D>[] =>
  told.filter((each): each is Of<D> => each.request.do === kind)

/** Repeats of one request under one key count once, answered if any of them was. */
export function calls<T extends Told>(
  told: readonly T[],
): { readonly first: T; readonly done: boolean; readonly open: boolean }[] {
  const groups = Map.groupBy(told, (each) => each.name ?? each)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    const done = group.some(({ answer }) => answer?.ok)
    const refused = group.some(({ answer }) => answer !== undefined && !answer.ok && isFinal(answer))
    return first === undefined ? [] : [{ first, done, open: !done && !refused && group.some(unknown) }]
  })
}

/** Nobody knows whether it was carried out. */
export const unknown = ({ answer }: Told) => answer === undefined

/** The order that an answer tells of: placed, or written down as failed. */
export function orderIn({ answer }: Told): bigint | undefined {
  if (answer === undefined) return undefined
  if (answer.ok) {
    const told = answer.value as { orderId?: bigint; order?: { id: string } } | undefined
    return told?.order === undefined ? told?.orderId : BigInt(told.order.id)
  }
  const id = answer.error.details?.order_id
  return id === undefined ? undefined : BigInt(id as number)
}

export const linesOf = (items: readonly Line[]): string =>
  textOf(
    merge(items.map(({ sku, count }) => ({ sku: sku as Sku, quantity: count }))).map((line) => [
      line.sku,
      line.quantity,
    ]),
  )
