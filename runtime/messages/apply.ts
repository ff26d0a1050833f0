//! One transaction of a reader: the effects of a batch, the ids of its facts and the new place, all of it or nothing.
import type { Instant } from '../../contracts/time.ts'
import type { Tx } from '../store/store.ts'
import { identityOf, keyOf, typeOf } from './envelope.ts'
import { type Heard, handleFact, type Unreadable } from './handler.ts'
import {
  anyDeadLetter,
  blockedLanes,
  enterInbox,
  insertDeadLetter,
  movePlace,
  setOutcome,
  setSequence,
} from './inbox-rows.ts'
import type { Place } from './place.ts'
import type { ReaderTables } from './tables.ts'

export type Batch<T> = {
  readonly stream: string
  /** Where the reader stands before the batch. */
  readonly place: Place
  readonly heard: readonly Heard<T>[]
  readonly moment: Instant
  /** The one fact of the batch has failed too often: it is put aside, not handled. */
  readonly failure?: { readonly reason: string; readonly attempts: number }
}

export type Outcome = 'ok' | 'refused' | 'repeated' | 'dead' | 'parked' | 'unhandled'
export type Applied = {
  readonly place: Place
  readonly outcomes: ReadonlyMap<Outcome, number>
  /** What could not be read and was put aside for it. */
  readonly unreadable: readonly Unreadable[]
}

/** Another process has moved the place: what we were about to do, it does. */
export class PlaceMoved extends Error {
  constructor(stream: string) {
    super(`another process reads ${stream}`)
    this.name = 'PlaceMoved'
  }
}

type Known<T> = Exclude<Heard<T>, { kind: 'unhandled' }>

export async function apply<T extends ReaderTables>(tx: Tx<T>, batch: Batch<T>): Promise<Applied> {
  const { stream, place, heard, moment } = batch
  const last = heard.at(-1)
  if (last === undefined) return { place, outcomes: new Map(), unreadable: [] }
  const reached: Place = { sequence: last.message.sequence, eventId: identityOf(last.message) }
  const moved = await movePlace(tx, {
    stream,
    fromSequence: place.sequence,
    fromEventId: place.eventId,
    ...reached,
    moment,
  })
  if (moved.length === 0) throw new PlaceMoved(stream)

  const outcomes = new Map<Outcome, number>()
  const count = (outcome: Outcome) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  const known = heard.filter((each): each is Known<T> => each.kind !== 'unhandled')
  if (known.length < heard.length) outcomes.set('unhandled', heard.length - known.length)
  const unreadable: Unreadable[] = []
  if (known.length === 0) return { place: reached, outcomes, unreadable }

  const facts = JSON.stringify(known.map(({ id, message }) => [id, message.sequence]))
  const entered = new Set((await enterInbox(tx, { stream, facts, moment })).map((row) => row.eventId))
  const blocked = await blockedAmong(tx, stream, known)
  for (const each of known) {
    // Deleting it here also drops a repeat within the batch.
    const outcome = entered.delete(each.id) ? await effect(tx, batch, each, blocked) : 'repeated'
    if (outcome === 'repeated')
      await setSequence(tx, { stream, eventId: each.id, sequence: each.message.sequence })
    if (each.kind === 'unreadable' && outcome === 'dead') unreadable.push(each)
    count(outcome)
  }
  return { place: reached, outcomes, unreadable }
}

/** The keys of the batch that a dead letter of an earlier batch holds up. */
async function blockedAmong<T extends ReaderTables>(
  tx: Tx<T>,
  stream: string,
  known: readonly Known<T>[],
): Promise<Set<string>> {
  if ((await anyDeadLetter(tx, { stream })).length === 0) return new Set()
  const lanes = known.map(({ message }) => keyOf(message)).filter(({ key }) => key !== '')
  const rows = await blockedLanes(tx, { stream, lanes: `[${[...new Set(lanes.map(laneOf))].join(',')}]` })
  return new Set(rows.map(laneOf))
}

const laneOf = ({ tenantId, key }: { tenantId: string; key: string }) => JSON.stringify([tenantId, key])

async function effect<T extends ReaderTables>(
  tx: Tx<T>,
  batch: Batch<T>,
  each: Known<T>,
  blocked: Set<string>,
): Promise<Outcome> {
  const { stream, moment, failure } = batch
  const lane = laneOf(keyOf(each.message))
  const putAside = async (state: 'failed' | 'parked', reason: string, attempts: number) => {
    await insertDeadLetter(tx, { stream, state, reason, attempts, moment, ...contentOf(each) })
    await setOutcome(tx, { stream, eventId: each.id, outcome: state === 'failed' ? 'dead' : 'parked' })
    if (keyOf(each.message).key !== '') blocked.add(lane)
    return state === 'failed' ? 'dead' : 'parked'
  }
  if (each.kind === 'unreadable') return await putAside('failed', each.reason, 0)
  if (blocked.has(lane)) return await putAside('parked', 'an earlier fact of its key has failed', 0)
  if (failure !== undefined) return await putAside('failed', failure.reason, failure.attempts)

  const answer = await handleFact(tx, each.handler, each.fact)
  if (answer === 'ok') return 'ok'
  await setOutcome(tx, { stream, eventId: each.id, outcome: answer })
  return 'refused'
}

function contentOf<T>({ id, message }: Known<T>) {
  const { sequence, subject } = message
  const type = visible(typeOf(message))
  return {
    eventId: id,
    sequence,
    subject: visible(subject),
    type,
    ...keyOf(message),
    headers: message.headers(),
    ...textOf(message.data),
  }
}

/** As both engines can keep it: PostgreSQL's text has no NUL, and SQLite's no invalid UTF-8 that reads back as it was. */
export function textOf(data: Uint8Array): { data: string; encoding: 'text' | 'base64' } {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const text = buffer.toString('utf8')
  const exact = !text.includes('\0') && Buffer.from(text).equals(buffer)
  return exact ? { data: text, encoding: 'text' } : { data: buffer.toString('base64'), encoding: 'base64' }
}

/** The bytes again. */
export function dataOf({ data, encoding }: { data: string; encoding: 'text' | 'base64' }): Uint8Array {
  return Buffer.from(data, encoding === 'text' ? 'utf8' : 'base64')
}

const visible = (text: string) => text.replaceAll('\0', '').slice(0, 255)
