//! NATS after a restore. Its streams tell of what happened after the backup: orders that are gone, under numbers that will be
//! given again. So they go, and the services fill them again from what was restored.
import { existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { addressOf, inboxPrefixOf } from '../../runtime/nats.ts'
import { findEvents } from '../generate/contracts.ts'
import { askInfo } from '../nats/info.ts'
import { operator } from '../nats/reach.ts'
import type { Part } from './part.ts'

const defaultPort = 4222

/** The streams of a NATS that runs somewhere. Throws where it does not answer. */
export async function streamsReady(url: string): Promise<Part> {
  const inboxPrefix = inboxPrefixOf(operator)
  const once = { name: 'restore', inboxPrefix, reconnect: false, timeout: 2_000 }
  const connection = await connect({ ...addressOf(url), ...once }).catch((error: unknown) => {
    const what = 'NATS does not answer at NATS_URL: start it, so that its streams can be emptied'
    throw new Error(`${what}, or say --without-nats where its store is new`, { cause: error })
  })
  const manager = await jetstreamManager(connection)
  const ours = new Set((await findEvents()).map(({ stream }) => stream.name))
  const streams = (await Array.fromAsync(manager.streams.names())).filter((name) => ours.has(name)).sort()
  return {
    says: `NATS: ${streams.length === 0 ? 'it had no streams' : `the streams ${streams.join(', ')} are gone`}; the services fill new ones`,
    async switchOver() {
      for (const name of streams) await manager.streams.delete(name)
    },
    // Where the old data stays, the services fill them again all the same.
    undo: async () => undefined,
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

/** The store that `bun run dev` keeps in the data folder; undefined where there is none. Throws where its server runs. */
export async function storeReady(dataDir: string, aside: string): Promise<Part | undefined> {
  const store = join(dataDir, 'nats')
  const config = join(dataDir, 'nats.conf')
  const isThere = existsSync(store)
  const text = isThere && existsSync(config) ? await readFile(config, 'utf8') : ''
  const port = Number(/^port: *(\d+)/m.exec(text)?.[1] ?? defaultPort)
  if ((await askInfo({ host: '127.0.0.1', port })) !== undefined)
    throw new Error(
      `a NATS server runs on port ${port}. Stop it, or set NATS_URL to it so that its streams are emptied; where it is not this shop's, say --without-nats and see to the right one by hand`,
    )
  if (!isThere) return undefined
  return {
    says: `NATS: its store is set aside as ${store}${aside}; the services fill a new one`,
    switchOver: () => rename(store, `${store}${aside}`),
    undo: () => rename(`${store}${aside}`, store),
    async [Symbol.asyncDispose]() {},
  }
}
