//! Questions about single things that are asked within one turn of the loop, put as one question.
import DataLoader from 'dataloader'
import { type Failure, ok, type Result } from '../../contracts/errors.ts'
import type { Asking } from './wire.ts'

/** What is known of the keys; a key of which nothing is known is absent. */
export type Known<K, V> = ReadonlyMap<K, V>
export type AskAbout<K, V, C extends Asking> = (call: C, keys: readonly K[]) => Promise<Result<Known<K, V>>>

export type GatherOptions = {
  /** How many keys one question may name. */
  readonly keysMax: number
  /** Runs when the turn is over; handed in by a simulation. */
  readonly defer?: (run: () => void) => void
}

type Wanted<K, C> = { readonly call: C; readonly key: K }

/**
 * The same questions as `ask` answers, fewer of them: what many callers of one tenant want to know at the same moment
 * is asked once, in the name of the one who has the most time left. Only for what reads, and of keys that are values.
 */
export function gather<K, V, C extends Asking>(
  ask: AskAbout<K, V, C>,
  { keysMax, defer = setImmediate }: GatherOptions,
): AskAbout<K, V, C> {
  const loader = new DataLoader<Wanted<K, C>, Result<Known<K, V>>>((wanted) => answerAll(ask, wanted), {
    cache: false,
    maxBatchSize: keysMax,
    batchScheduleFn: (run) => defer(run),
  })
  return async (call, keys) => {
    const answers = await Promise.all(keys.map((key) => loader.load({ call, key })))
    const refused = answers.find((answer): answer is Failure => !answer.ok)
    if (refused !== undefined) return refused
    const found = new Map<K, V>()
    for (const [index, key] of keys.entries()) {
      const answer = answers[index]
      const value = answer?.ok ? answer.value.get(key) : undefined
      if (value !== undefined) found.set(key, value)
    }
    return ok(found)
  }
}

/** One question a tenant; the answer stands in the place of every key that was in it. */
async function answerAll<K, V, C extends Asking>(
  ask: AskAbout<K, V, C>,
  wanted: readonly Wanted<K, C>[],
): Promise<Result<Known<K, V>>[]> {
  const questions = new Map<string, { call: C; keys: Set<K> }>()
  for (const { call, key } of wanted) {
    const question = questions.get(call.tenantId)
    if (question === undefined) questions.set(call.tenantId, { call, keys: new Set([key]) })
    else {
      question.keys.add(key)
      if (call.deadlineAt > question.call.deadlineAt) question.call = call
    }
  }
  const answers = new Map<string, Promise<Result<Known<K, V>>>>()
  for (const [tenantId, { call, keys }] of questions) answers.set(tenantId, ask(call, [...keys]))
  return await Promise.all(
    wanted.map(
      ({ call }) => answers.get(call.tenantId) ?? Promise.reject(new Error('a question was left out')),
    ),
  )
}
