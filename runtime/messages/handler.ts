//! What a service does with a fact that it reads, and what a message turns out to be before anything is done with it.

import { type ErrorCode, isTransient, type Result } from '../../contracts/errors.ts'
import type { DataOf, EventType } from '../../contracts/events/define.ts'
import { Refusal } from '../refusal.ts'
import type { Tx } from '../store/store.ts'
import { type Envelope, identityOf, readData, readEnvelope, typeOf } from './envelope.ts'
import type { Message } from './fact-stream.ts'

/** A fact as it was read. It may carry fields that its schema here does not know yet. */
export type ReadFact<E extends EventType = EventType> = Envelope & {
  readonly sequence: number
  readonly data: DataOf<E>
}

export type Handler<T> = {
  readonly event: EventType
  /** Runs in the transaction that also remembers the fact and moves the place: it awaits nothing but `tx`. */
  readonly handle: (tx: Tx<T>, fact: ReadFact) => Promise<Result<unknown>>
}

/**
 * `on(OrderConfirmed, async (tx: Tx, fact) => …)`. A refusal is recorded and the reader goes on; what is thrown is tried
 * again and in the end put aside as a dead letter, `Unusable` at once.
 */
export function on<T, E extends EventType>(
  event: E,
  handle: (tx: Tx<T>, fact: ReadFact<E>) => Promise<Result<unknown>>,
): Handler<T> {
  // Facts are handed out by the type of the handler that they are for, and only after its schema has let them pass.
  return { event, handle: handle as Handler<T>['handle'] }
}

/** The fact has its shape and says what nobody here can act on. It says the same when it is tried again, so it is put aside. */
export class Unusable extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Unusable'
  }
}

/** Handlers by the type that they are for. */
export type Handlers<T> = ReadonlyMap<string, Handler<T>>

export function handlersByType<T>(handlers: readonly Handler<T>[]): Handlers<T> {
  const byType = new Map(handlers.map((handler) => [handler.event.type, handler]))
  if (byType.size !== handlers.length) throw new Error('two handlers for one type of fact')
  return byType
}

/** A message that is for this service, and why it cannot be read. The reason holds nothing of its data. */
export type Unreadable = { readonly message: Message; readonly reason: string }

/** What a message is to this service. */
export type Heard<T> = { readonly message: Message } & (
  | { readonly kind: 'unhandled' }
  | { readonly kind: 'unreadable'; readonly id: string; readonly reason: string }
  | { readonly kind: 'fact'; readonly id: string; readonly fact: ReadFact; readonly handler: Handler<T> }
)

export function hear<T>(message: Message, handlers: Handlers<T>): Heard<T> {
  const handler = handlers.get(message.subject) ?? handlers.get(typeOf(message))
  if (handler === undefined) return { kind: 'unhandled', message }
  const unreadable = (reason: string): Heard<T> => ({
    kind: 'unreadable',
    message,
    id: identityOf(message),
    reason,
  })
  const envelope = readEnvelope(message)
  if (typeof envelope === 'string') return unreadable(envelope)
  const data = readData(message.data)
  if (typeof data === 'string') return unreadable(data)
  const problem = handler.event.problemOf(data.value)
  if (problem !== undefined) return unreadable(`its data is not that of ${envelope.type}: ${problem}`)
  const fact = { ...envelope, sequence: message.sequence, data: data.value as ReadFact['data'] }
  return { kind: 'fact', message, id: envelope.id, fact, handler }
}

/** Handles a fact; answers with `ok` or the code of the refusal, which is what the inbox keeps. */
export async function handleFact<T>(
  tx: Tx<T>,
  handler: Handler<T>,
  fact: ReadFact,
): Promise<'ok' | ErrorCode> {
  const result = await handler.handle(tx, fact)
  if (result.ok) return 'ok'
  const { code } = result.error
  // Nobody would ask again.
  if (isTransient(result.error)) throw new Refusal(code, `the handler of ${fact.type} cannot work now`)
  return code
}
