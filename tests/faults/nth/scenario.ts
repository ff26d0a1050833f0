//! What a scenario of the sweep is: what a customer does while a fault waits, and what must have become of it, exactly once.
import type { Reply } from '../shop.ts'
import type { Seen } from './look.ts'
import type { Till } from './till.ts'

/** A new customer for every trial. */
export type Customer = {
  readonly user: number
  /** Of the customer, or of somebody else who was faster. */
  readonly orderId?: number
}

export type Scenario = {
  readonly name: string
  /** What is bought. */
  readonly sku: number
  /** Up to where the faults begin; nothing goes wrong yet. */
  prepare(till: Till, user: number): Promise<Customer>
  /** One try of the call under test, always with the same key; absent where it is the clock's turn. */
  readonly ask: ((till: Till, customer: Customer) => Promise<Reply>) | undefined
  readonly answered: { readonly status: number; readonly code?: string }
  readonly before: Seen
  readonly after: Seen
  /** How many pieces less can be bought after it than before. */
  readonly taken: number
  /** Makes room for the next one, who cannot be prepared earlier. */
  tidy?(till: Till, customer: Customer): Promise<unknown>
  /** Passes the points of another, to another end: failed at some of them and killed at none, but in a long run. */
  readonly isVariant?: true
  /** Also failed at two points in one trial. */
  readonly isPaired?: true
  /** Where all kills would take too long: so many of them, by chance, in a run that is not long. */
  readonly killsMost?: number
  /** So long after `prepare` began the clock acts. */
  readonly dueMs?: number
  /** Points that it certainly passes, or how their names begin: without them the sweep would be of something else. */
  readonly passes: readonly string[]
}

/** Of somebody who has done nothing. */
export const nothing: Seen = { cart: [], orders: [], told: [] }

/** The body of what has to succeed. */
export async function done(asked: Promise<Reply>): Promise<Reply['body']> {
  const { status, body } = await asked
  if (status !== 200) throw new Error(`answered ${status} ${JSON.stringify(body)}`)
  return body
}

/** One key for all tries. */
export const options = (what: string, { user }: Pick<Customer, 'user'>) => ({
  key: `${what}-${user}`,
  timeoutMs: 10_000,
})

/** What it takes to tell customers of a change of their orders. Whose name a COMMIT bears is chance where two share it. */
export const telling = [
  'loms publish to LOMS: before',
  'loms publish to LOMS: after',
  'loms relay-core write: after the commit',
  'notifier read of LOMS: after some came',
  'notifier print-notices write: after the commit',
]
