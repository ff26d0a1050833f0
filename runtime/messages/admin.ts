//! Looks after dead letters while the service runs: `bun run dlq` asks here, because one process writes a store and no other.
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Store } from '../store/store.ts'
import {
  type DeadLetterParts,
  listDeadLetters,
  replayDeadLetter,
  showDeadLetter,
  skipDeadLetter,
} from './dead-letters.ts'
import { type Handler, handlersByType } from './handler.ts'
import { kindOf } from './retry.ts'
import type { ReaderTables } from './tables.ts'

export const deadLetterVerbs = ['list', 'show', 'replay', 'skip'] as const
export type DeadLetterVerb = (typeof deadLetterVerbs)[number]

/** Where a service is asked; `all` reaches every one of them. */
export const adminSubject = (service: string, verb: DeadLetterVerb) => `admin.${service}.dlq.${verb}`

export type AdminOptions<T extends ReaderTables> = {
  readonly service: string
  readonly nats: { whenConnected(): Promise<NatsConnection> }
  readonly store: Store<T>
  /** By the name of the stream. */
  readonly readers: Readonly<Record<string, readonly Handler<T>[]>>
  readonly log: Logger
}

export type AdminRequest = { readonly id?: string; readonly after?: string; readonly limit?: number }
export type AdminReply = {
  readonly service: string
  readonly ok: boolean
  readonly message?: string
  readonly [name: string]: unknown
}

// A reply has to fit into one message.
const shownBytesMax = 256 * 1024
/** How many are listed at once; `after` asks for those that follow. */
export const listedMax = 200

export function serveDeadLetters<T extends ReaderTables>(
  options: AdminOptions<T>,
): { stop(): Promise<void> } {
  const { service, nats, store, readers, log } = options
  const parts: DeadLetterParts<T> = {
    store,
    handlers: new Map(Object.entries(readers).map(([name, handlers]) => [name, handlersByType(handlers)])),
  }
  const subscriptions: Subscription[] = []
  let stopped = false

  async function answer(verb: DeadLetterVerb, request: AdminRequest): Promise<Omit<AdminReply, 'service'>> {
    const { id = '', after = '0', limit = listedMax } = request
    switch (verb) {
      case 'list':
        return {
          ok: true,
          letters: await listDeadLetters(store, { after, limit: Math.min(limit, listedMax) }),
        }
      case 'show': {
        const letter = await showDeadLetter(store, id)
        if (letter === undefined) return { ok: false, message: `there is no dead letter ${id}` }
        return { ok: true, letter: { ...letter, data: letter.data.slice(0, shownBytesMax) } }
      }
      case 'replay':
        return await replayDeadLetter(parts, id)
      case 'skip':
        return await skipDeadLetter(parts, id)
    }
  }

  async function reply(verb: DeadLetterVerb, message: Msg): Promise<void> {
    let answered: Omit<AdminReply, 'service'>
    try {
      answered = await answer(verb, requestOf(message))
    } catch (error) {
      log.error({ verb, error: kindOf(error) }, 'a request about dead letters failed')
      answered = { ok: false, message: `the service could not do it: ${kindOf(error)}` }
    }
    message.respond(JSON.stringify({ service, ...answered }))
    if (verb === 'replay' || verb === 'skip') log.info({ verb, ok: answered.ok }, 'a dead letter was seen to')
  }

  void nats.whenConnected().then(
    (connection) => {
      if (stopped) return
      for (const verb of deadLetterVerbs) {
        const callback = (error: Error | null, message: Msg) => {
          if (error) log.error({ err: error }, 'requests about dead letters cannot be heard')
          else void reply(verb, message)
        }
        for (const name of verb === 'list' ? [service, 'all'] : [service])
          subscriptions.push(connection.subscribe(adminSubject(name, verb), { queue: service, callback }))
      }
    },
    () => undefined, // closed before it was ever connected
  )

  return {
    /** Answers what has been asked, and hears no more. */
    async stop() {
      stopped = true
      await Promise.all(subscriptions.filter((each) => !each.isClosed()).map((each) => each.drain()))
    },
  }
}

function requestOf(message: Msg): AdminRequest {
  if (message.data.length === 0) return {}
  const request: unknown = message.json()
  if (typeof request !== 'object' || request === null) return {}
  const { id, after, limit } = request as Record<string, unknown>
  return {
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof after === 'string' && /^\d{1,18}$/.test(after) ? { after } : {}),
    ...(typeof limit === 'number' && Number.isInteger(limit) && limit > 0 ? { limit } : {}),
  }
}
