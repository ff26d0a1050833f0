//! One way at least to break every rule of those readings and announcers that all look the same.
import type { Service } from '../../tools/verify/options.ts'
import type { Spoil } from './spoils.ts'

type Reading = {
  readonly reader: Service
  readonly announcer: Service
  /** One of those that it acts on. */
  readonly type: string
  /** Statements after which the effect of a fact is not there. */
  readonly effectless: readonly string[]
}

const readings: readonly Reading[] = [
  {
    reader: 'notifier',
    announcer: 'accounts',
    type: 'user.registered',
    effectless: [`delete from notices where kind = 'user.registered'`],
  },
  {
    reader: 'notifier',
    announcer: 'billing',
    type: 'wallet.charged',
    effectless: [
      `update notices set details = '{"amount":{"amount":1,"currency":"UAH"}}' where kind = 'wallet.topped_up'`,
      `update notices set order_id = order_id + 1 where kind = 'wallet.charged'`,
      `update notices set user_id = user_id + 100 where kind = 'payment.refunded'`,
    ],
  },
  {
    reader: 'notifier',
    announcer: 'delivery',
    type: 'shipment.updated',
    effectless: [
      `delete from notices where kind = 'shipment.updated'`,
      `update notices set details = json_replace(details, '$.shipment.status', 'queued') where kind = 'shipment.updated'`,
    ],
  },
  {
    reader: 'loms',
    announcer: 'billing',
    type: 'wallet.held',
    effectless: [
      `update sagas set state = 'waiting', held = 0 where state = 'done'`,
      `update sagas set state = 'waiting' where reason = 'insufficient_funds'`,
      `update orders set status = 'pending', paid_at = null where user_id = 4 and status = 'confirmed'`,
    ],
  },
  {
    reader: 'loms',
    announcer: 'delivery',
    type: 'shipment.updated',
    effectless: [
      `update sagas set state = 'delivering' where state = 'done'`,
      `update sagas set state = 'waiting' where reason = 'delivery_refused'`,
      `update orders set status = 'processing' where status = 'delivered'`,
    ],
  },
  {
    reader: 'billing',
    announcer: 'accounts',
    type: 'user.registered',
    effectless: ['delete from wallets where user_id = 1'],
  },
  {
    reader: 'billing',
    announcer: 'loms',
    type: 'order.confirmed',
    effectless: [
      `update holds set state = 'held', look_at = 1 where state = 'captured'`,
      `update holds set state = 'refused' where state = 'captured'`,
      `update holds set state = 'captured' where state = 'refunded' and user_id <> 3`,
      `update holds set state = 'captured' where state = 'refunded' and user_id = 3`,
    ],
  },
  {
    reader: 'delivery',
    announcer: 'loms',
    type: 'order.confirmed',
    effectless: [
      `update shipments set is_released = 0 where status = 'queued'`,
      `update shipments set status = 'queued' where status = 'cancelled'`,
    ],
  },
]

const announcers: readonly Service[] = ['accounts', 'billing', 'delivery']

export const readingSpoils: readonly Spoil[] = [
  ...readings.flatMap(spoilsOf),
  ...announcers.flatMap((announcer): Spoil[] => [
    {
      breaks: `${announcer}: everything was sent`,
      in: announcer,
      sql: 'update outbox set sent_at = null where position = 1',
    },
    {
      breaks: `${announcer}: no two facts stand in one place of the stream`,
      in: announcer,
      sql: `insert into outbox (id, type, key, tenant_id, moment, data, sent_at, stream_sequence)
        select 'evt_new', type, key, tenant_id, moment, data, sent_at, stream_sequence from outbox where position = 1`,
    },
  ]),
]

function spoilsOf({ reader, announcer, type, effectless }: Reading): Spoil[] {
  const about = `${reader} ← ${announcer}`
  const stream = announcer.toUpperCase()
  const unsent = `
    insert into outbox (id, type, key, tenant_id, moment, data)
    select 'evt_new', type, key, tenant_id, 1, data from outbox where type = '${type}' limit 1`
  const strange = (outcome: string) =>
    `insert into inbox values ('${stream}', 'evt_ffffffffffff7', 1, 1, '${outcome}')`
  const first = `(select event_id from inbox where stream = '${stream}' and outcome = 'ok' order by sequence limit 1)`
  return [
    { breaks: `${about}: what was announced 10 s ago was heard`, in: announcer, sql: unsent, mode: 'live' },
    {
      breaks: `${about}: what was read past was heard`,
      in: reader,
      sql: `delete from inbox where event_id = ${first}`,
      mode: 'stopped',
    },
    { breaks: `${about}: everything was heard`, in: announcer, sql: unsent },
    ...effectless.map((sql) => ({
      breaks: `${about}: what was heard had its one effect, or is a dead letter`,
      in: reader,
      sql,
    })),
    {
      breaks: `${about}: nothing was acted on that nobody announced`,
      in: reader,
      sql: strange('ok'),
    },
    { breaks: `${about}: the dead letters are those of the inbox`, in: reader, sql: strange('dead') },
    {
      breaks: `${about}: the reader stands where its event stands`,
      in: reader,
      sql: `update places set event_id = ${first} where stream = '${stream}'`,
    },
  ]
}
