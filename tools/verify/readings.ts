//! Who acts on which facts, and what is there when it has: the one list that delivery is checked by.
import { accountsStream } from '../../contracts/events/accounts.ts'
import { billingStream } from '../../contracts/events/billing.ts'
import { catalogStream } from '../../contracts/events/catalog.ts'
import { deliveryStream } from '../../contracts/events/delivery.ts'
import { lomsStream } from '../../contracts/events/loms.ts'
import type { Service } from './options.ts'

export type Reading = {
  readonly reader: Service
  readonly announcer: Service
  /** The stream's name. */
  readonly stream: string
  readonly types: readonly string[]
  /** True where the effect of fact `o` (a row of the outbox) is there, in the reader's tables. It may use `@cutoff`. */
  readonly effect: string
  /** True where an effect can be told from none: a second fact may have the effect of the first. */
  readonly effectIsItsOwn: boolean
}

/** `'a', 'b'` for an SQL list. */
export const sqlTexts = (texts: readonly string[]): string => texts.map((text) => `'${text}'`).join(', ')

const orderId = `cast(o.data ->> '$.order_id' as integer)`
/** A row of the fact's order in the table. */
const ofOrder = (table: string, row: string) =>
  `${table} ${row} where ${row}.tenant_id = o.tenant_id and ${row}.order_id = ${orderId}`

/** The customer of the fact was told of it. */
const isTold = (also: string) => `exists (select 1 from notifier.notices n where n.event_id = o.id
  and n.tenant_id = o.tenant_id and n.kind = o.type
  and n.user_id = cast(o.data ->> '$.user_id' as integer) and ${also})`

/** What is left of an order that is over: nothing, but for what a question that came late has done and its saga takes back. */
const nothingLeft = (table: string, states: string) => `not exists (
  select 1 from ${ofOrder(table, 'late')} and ${states} and late.updated_at <= @cutoff
    and not exists (select 1 from ${ofOrder('loms.sagas', 'g')} and g.state = 'undoing'))`

/** What orders mean to billing. That an order is held for when it is created, where nobody asks for it, its saga shows. */
const moneyFollows = `case o.type
  when 'order.confirmed'
    then not exists (select 1 from ${ofOrder('billing.holds', 'h')}
      -- A charge that came late may have been refused to an order that was paid by other means. Closed before any money was
      -- asked for is one that was called off since, and paid so too, or free.
      and (h.state = 'held' or h.state = 'voided' and h.user_id is not null
        or h.state = 'refused' and exists (select 1 from ${ofOrder('loms.sagas', 'g')})))
  when 'order.created' then true
  when 'order.payment_refused'
    then not exists (select 1 from ${ofOrder('billing.holds', 'h')}
      and h.state = 'captured' and h.payment_id = o.data ->> '$.payment_id')
  else ${nothingLeft('billing.holds', `late.state in ('held', 'captured')`)}
end`

/** Another's under the order's number is not what the fact is about. */
const noShipment = (state: string) => `not exists (
  select 1 from ${ofOrder('delivery.shipments', 's')} and s.user_id = cast(o.data ->> '$.user_id' as integer) and ${state})`

const nothingIn = (statuses: readonly string[]) => noShipment(`s.status in (${sqlTexts(statuses)})`)

const deliveryFollows = `case o.type
  when 'order.confirmed'
    then ${noShipment(`s.status = 'queued' and not s.is_released`)}
  when 'order.created' then true
  when 'order.shipped' then ${nothingIn(['queued'])}
  when 'order.delivered' then ${nothingIn(['queued', 'sent'])}
  else ${nothingLeft('delivery.shipments', `late.status = 'queued'`)}
end`

/** An order that is not from a wallet has no saga that could wait for the fact. */
const noSagaWaits = (states: string) =>
  `not exists (select 1 from ${ofOrder('loms.sagas', 'g')} and ${states})`

const orderIsBeyond = (statuses: readonly string[]) => `not exists (
  select 1 from loms.orders r where r.tenant_id = o.tenant_id and r.id = ${orderId} and r.status in (${sqlTexts(statuses)}))`

/** A payment that the order did not take is a refusal in the inbox, and has no effect. */
const orderFollowsMoney = `case o.type
  when 'wallet.held' then ${noSagaWaits(`(g.state = 'holding' or g.state = 'waiting' and not g.held)`)}
  when 'payment.completed' then ${orderIsBeyond(['pending'])}
  else ${noSagaWaits(`g.state in ('holding', 'delivering', 'waiting')`)}
end`

const orderFollowsShipment = `case o.data ->> '$.status'
  when 'queued' then ${noSagaWaits(`(g.state = 'delivering' or g.state = 'waiting' and not g.accepted)`)}
  when 'refused' then ${noSagaWaits(`g.state in ('delivering', 'waiting')`)}
  when 'sent' then ${orderIsBeyond(['pending', 'confirmed', 'processing'])}
  when 'received' then ${orderIsBeyond(['pending', 'confirmed', 'processing', 'shipped'])}
  else true
end`

const ordersHeard = ['order.created', 'order.confirmed', 'order.cancelled', 'order.rejected']

export const readings: readonly Reading[] = [
  {
    reader: 'notifier',
    announcer: 'loms',
    stream: lomsStream.name,
    types: [
      'order.created',
      'order.rejected',
      'order.confirmed',
      'order.shipped',
      'order.delivered',
      'order.cancelled',
    ],
    effect: isTold(`n.order_id = ${orderId} and n.status = o.data ->> '$.status'`),
    effectIsItsOwn: true,
  },
  {
    reader: 'notifier',
    announcer: 'accounts',
    stream: accountsStream.name,
    types: ['user.registered'],
    effect: isTold('n.order_id is null'),
    effectIsItsOwn: true,
  },
  {
    reader: 'notifier',
    announcer: 'billing',
    stream: billingStream.name,
    types: ['wallet.topped_up', 'wallet.charged', 'payment.refunded'],
    effect: isTold(`n.order_id is ${orderId} and n.details ->> '$.amount.amount' = o.data ->> '$.amount'`),
    effectIsItsOwn: true,
  },
  {
    reader: 'notifier',
    announcer: 'delivery',
    stream: deliveryStream.name,
    types: ['shipment.updated'],
    // The others are between delivery and loms, and that nobody is told of them is all there is to see.
    effect: `(o.data ->> '$.status' in ('sent', 'received', 'cancelled')) = ${isTold(
      `n.order_id = ${orderId} and n.details ->> '$.shipment.status' = o.data ->> '$.status'`,
    )}`,
    effectIsItsOwn: false,
  },
  {
    reader: 'loms',
    announcer: 'catalog',
    stream: catalogStream.name,
    types: ['product.changed'],
    effect: `exists (select 1 from loms.products p where p.tenant_id = o.tenant_id
      and p.sku = cast(o.data ->> '$.sku' as integer)
      and p.version >= cast(o.data ->> '$.version' as integer))`,
    effectIsItsOwn: false,
  },
  {
    reader: 'loms',
    announcer: 'billing',
    stream: billingStream.name,
    types: ['wallet.held', 'wallet.refused', 'payment.completed'],
    effect: orderFollowsMoney,
    effectIsItsOwn: false,
  },
  {
    reader: 'loms',
    announcer: 'delivery',
    stream: deliveryStream.name,
    types: ['shipment.updated'],
    effect: orderFollowsShipment,
    effectIsItsOwn: false,
  },
  {
    reader: 'billing',
    announcer: 'accounts',
    stream: accountsStream.name,
    types: ['user.registered'],
    effect: `exists (select 1 from billing.wallets w where w.tenant_id = o.tenant_id
      and w.user_id = cast(o.data ->> '$.user_id' as integer))`,
    effectIsItsOwn: false,
  },
  {
    reader: 'billing',
    announcer: 'loms',
    stream: lomsStream.name,
    types: [...ordersHeard, 'order.payment_refused'],
    effect: moneyFollows,
    effectIsItsOwn: false,
  },
  {
    reader: 'delivery',
    announcer: 'loms',
    stream: lomsStream.name,
    types: [...ordersHeard, 'order.shipped', 'order.delivered'],
    effect: deliveryFollows,
    effectIsItsOwn: false,
  },
]

/** Each once. */
export const announcers: readonly Service[] = [...new Set(readings.map(({ announcer }) => announcer))]
