//! How the tools for people find the running shop's NATS.
import { join } from 'node:path'
import { AuthorizationError, connect, type NatsConnection } from '@nats-io/transport-node'
import { addressOf, inboxPrefixOf } from '../../runtime/nats.ts'

/** Who the tools are to a NATS with users (nats-users.conf). */
export const operator = 'operator'

/** For people: said without a stack. */
export class Told extends Error {}

/** NATS_URL, or the port that the runner has written down beside the data. */
export async function natsUrl(data: string | undefined): Promise<string> {
  const { NATS_URL, NATS_PORT, DATA_DIR } = process.env
  if (data === undefined && NATS_URL) return NATS_URL
  const conf = Bun.file(join(data ?? DATA_DIR ?? join(import.meta.dir, '../../.data'), 'nats.conf'))
  const port = (await conf.exists()) ? /^port: (\d+)$/m.exec(await conf.text())?.[1] : undefined
  if (port === undefined && data !== undefined)
    throw new Told(`${data} is not the data folder of a shop that was started`)
  return `nats://127.0.0.1:${port ?? (NATS_PORT || '4222')}`
}

export async function reach(url: string, name: string): Promise<NatsConnection> {
  const address = addressOf(url)
  const inboxPrefix = inboxPrefixOf(operator)
  try {
    return await connect({ ...address, name, inboxPrefix, reconnect: false, timeout: 2_000 })
  } catch (error) {
    const servers = [address.servers].flat().join(', ')
    const what =
      error instanceof AuthorizationError
        ? `NATS at ${servers} lets in who is in nats-users.conf: NATS_URL=nats://${operator}:<password>@…`
        : `NATS does not answer at ${servers}: is the shop running?`
    throw new Told(what, { cause: error })
  }
}
