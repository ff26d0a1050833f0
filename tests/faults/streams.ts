//! What the streams hold of what was announced: how long they are, and which facts of the outboxes are in none.
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { findEvents } from '../../tools/generate/contracts.ts'
import { announcers } from '../../tools/verify/readings.ts'
import type { TestSystem } from '../harness/system.ts'

/** By announcing service. */
export type Counts = Readonly<Record<string, number>>

export const countsOf = (of: (service: string) => number): Counts =>
  Object.fromEntries(announcers.map((service) => [service, of(service)]))

const streams = new Map((await findEvents()).map(({ stream }) => [stream.service, stream.name]))

async function lookInto<T>(system: TestSystem, look: Looking<T>): Promise<Record<string, T>> {
  const connection = await connect({ servers: system.natsUrl })
  try {
    const manager = await jetstreamManager(connection)
    const seen = announcers.map(async (service) => {
      const name = streams.get(service)
      if (name === undefined) throw new Error(`${service} announces nothing`)
      return [service, await look(manager, name, service)] as const
    })
    return Object.fromEntries(await Promise.all(seen))
  } finally {
    await connection.close()
  }
}

type Looking<T> = (
  manager: Awaited<ReturnType<typeof jetstreamManager>>,
  stream: string,
  service: string,
) => Promise<T>

/** How many messages each stream has had in this life of its. */
export const lengths = (system: TestSystem): Promise<Counts> =>
  lookInto(system, async (manager, stream) => (await manager.streams.info(stream)).state.last_seq)

/** How many facts of each outbox are not in its stream. To be asked once all is quiet. */
export const missing = (system: TestSystem): Promise<Counts> =>
  lookInto(system, async (manager, stream, service) => {
    const there = new Set<string>()
    const consumer = await manager.jetstream().consumers.get(stream, { headers_only: true })
    const { num_pending: count } = await consumer.info(true)
    if (count > 0)
      for await (const message of await consumer.fetch({ max_messages: count, expires: 10_000 })) {
        there.add(message.headers?.get('ce-id') ?? '')
        if (message.info.pending === 0) break
      }
    const database = new Database(join(system.dataDir, `${service}.sqlite`), { readonly: true })
    const rows = database.query('select id from outbox').all() as { id: string }[]
    database.close()
    return rows.filter(({ id }) => !there.has(id)).length
  })
