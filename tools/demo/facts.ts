//! Listens to what loms announces from now on, as any service does: with an ordered consumer on its stream.
import { DeliverPolicy, JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { lomsStream } from '../../contracts/events/loms.ts'

export type SeenFact = {
  readonly type: string
  /** What it is about: the order. */
  readonly key: string
  readonly data: Readonly<Record<string, unknown>>
}

export type FollowedFacts = {
  /** The next fact of the type about the key: one that has come already and was not asked for, or one that comes within the time. */
  next(type: string, key: string, timeoutMs?: number): Promise<SeenFact>
  close(): Promise<void>
}

const arrivalMsMax = 10_000
const pollMs = 20

/** Follows everything that is announced after this has resolved. */
export async function followFacts(natsUrl: string): Promise<FollowedFacts> {
  const connection = await connect({ servers: natsUrl })
  const manager = await jetstreamManager(connection)
  const lastSequence = await untilThereIs(
    async () => (await manager.streams.info(lomsStream.name)).state.last_seq,
  )
  const consumer = await jetstream(connection).consumers.get(lomsStream.name, {
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: lastSequence + 1,
  })
  const messages = await consumer.consume()
  const seen: SeenFact[] = []
  let arrived = Promise.withResolvers<void>()
  let failure: unknown
  const read = async () => {
    for await (const message of messages) {
      const header = (name: string) => message.headers?.get(name) ?? ''
      seen.push({ type: header('ce-type'), key: header('ce-subject'), data: message.json() })
      arrived.resolve()
      arrived = Promise.withResolvers()
    }
  }
  const reading = read().catch((error: unknown) => {
    failure = error
    arrived.resolve()
  })

  return {
    async next(type, key, timeoutMs = arrivalMsMax) {
      const late = Bun.sleep(timeoutMs).then(() => 'late' as const)
      for (;;) {
        const index = seen.findIndex((fact) => fact.type === type && fact.key === key)
        const [fact] = index === -1 ? [] : seen.splice(index, 1)
        if (fact !== undefined) return fact
        if (failure !== undefined) throw new Error('the facts can no longer be followed', { cause: failure })
        if ((await Promise.race([arrived.promise, late])) === 'late')
          throw new Error(`${type} of order ${key} was not announced within ${timeoutMs / 1_000} s`)
      }
    },
    async close() {
      await messages.close()
      await reading
      await connection.close()
    },
  }
}

/** A shop that has just started makes its stream a moment after it is ready. */
async function untilThereIs<T>(ask: () => Promise<T>): Promise<T> {
  const endsAt = performance.now() + arrivalMsMax
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || performance.now() > endsAt)
        throw new Error(`the stream ${lomsStream.name} cannot be read`, { cause: error })
      await Bun.sleep(pollMs)
    }
  }
}
