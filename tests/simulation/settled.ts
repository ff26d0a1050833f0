//! Whether everything has finished that was under way. Asked often, so it asks little; whether it finished well is asked elsewhere.

import type { MemoryStream } from '../../runtime/messages/memory-stream.fixture.ts'
import type { Connection } from '../../runtime/store/sqlite.ts'
import type { Surroundings } from './frame.ts'

type Disk = Pick<Connection<unknown>, 'database'>

export function isSettled(around: Surroundings): boolean {
  const {
    disks: { catalog, loms, cart, notifier },
    streams,
  } = around
  return (
    none(cart, `select 1 from checkouts where state = 'open' limit 1`) &&
    isSent(catalog, streams.CATALOG) &&
    isSent(loms, streams.LOMS) &&
    isRead(loms, streams.CATALOG) &&
    isRead(notifier, streams.LOMS) &&
    (around.wallets === undefined || areWalletsSettled(around))
  )
}

const areWalletsSettled = ({
  disks: { loms, billing, delivery, notifier },
  streams,
}: Surroundings): boolean =>
  none(loms, `select 1 from sagas where state not in ('done', 'undone') limit 1`) &&
  none(billing, `select 1 from holds where state = 'held' limit 1`) &&
  isSent(billing, streams.BILLING) &&
  isSent(delivery, streams.DELIVERY) &&
  isRead(billing, streams.ACCOUNTS) &&
  isRead(billing, streams.LOMS) &&
  isRead(delivery, streams.LOMS) &&
  isRead(loms, streams.BILLING) &&
  isRead(loms, streams.DELIVERY) &&
  isRead(notifier, streams.ACCOUNTS) &&
  isRead(notifier, streams.BILLING) &&
  isRead(notifier, streams.DELIVERY)

const none = ({ database }: Disk, sql: string): boolean => database.query(sql).get() === null

/** Nobody announces here but the one, so what the stream has of it can be counted. */
const isSent = (announcer: Disk, { messages }: MemoryStream): boolean =>
  none(announcer, 'select 1 from outbox where sent_at is null limit 1') &&
  announcer.database.query<{ facts: bigint }, []>('select count(*) as facts from outbox').get()?.facts ===
    BigInt(messages.length)

type Place = { readonly sequence: bigint; readonly event_id: string }

function isRead(reader: Disk, { name, messages }: MemoryStream): boolean {
  const place = reader.database
    .query<Place, [string]>('select sequence, event_id from places where stream = ?')
    .get(name)
  const last = messages.at(-1)
  return (
    Number(place?.sequence ?? 0) === (last?.sequence ?? 0) && (place?.event_id ?? '') === (last?.id ?? '')
  )
}
