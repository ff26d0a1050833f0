//! Every fact notifier listens to: each is a notice to the customer whom it is about.
import { type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ok } from '../contracts/errors.ts'
import { UserRegistered } from '../contracts/events/accounts.ts'
import { PaymentRefunded, WalletCharged, WalletToppedUp } from '../contracts/events/billing.ts'
import type { DataOf, EventType } from '../contracts/events/define.ts'
import { ShipmentUpdated } from '../contracts/events/delivery.ts'
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderDelivered,
  OrderRejected,
  OrderShipped,
} from '../contracts/events/loms.ts'
import { idSchema } from '../contracts/ids.ts'
import { type Currency, exponents, type Money, money } from '../contracts/money.ts'
import { orderIdOf } from '../contracts/scalars.ts'
import { type Handler, on, Unusable } from '../runtime/messages/handler.ts'
import type { Deps } from './deps.ts'
import { type News, toldShipments } from './domain/notice.ts'
import { type CustomerFact, recordNotice } from './operations/record-notice.ts'
import type { Noted } from './print-notices.ts'
import type { Tables } from './store/schema.ts'

type CustomerEvent = EventType & { readonly schema: { readonly static: CustomerFact } }

export type ConsumerDeps = Pick<Deps, 'newId'> & { readonly noted: Noted }

/** A further fact about an order is told once it stands here. */
const toldOrders = [
  OrderCreated,
  OrderRejected,
  OrderConfirmed,
  OrderShipped,
  OrderDelivered,
  OrderCancelled,
] as const

export const lomsFacts = (deps: ConsumerDeps): Handler<Tables>[] =>
  toldOrders.map((event) =>
    told(deps, event, (data) => ({
      kind: event.type,
      order: {
        id: orderIdOf(data.order_id),
        status: data.status,
        reason: 'reason' in data ? data.reason : undefined,
      },
    })),
  )

export const accountsFacts = (deps: ConsumerDeps): Handler<Tables>[] => [
  told(deps, UserRegistered, () => ({ kind: 'user.registered' })),
]

/** What is held and what is refused are steps of an order's payment: what comes of them is told of the order. */
export const billingFacts = (deps: ConsumerDeps): Handler<Tables>[] => [
  told(deps, WalletToppedUp, (data) => ({ kind: 'wallet.topped_up', amount: amountOf(data) })),
  told(deps, WalletCharged, (data) => ({
    kind: 'wallet.charged',
    amount: amountOf(data),
    orderId: orderIdOf(data.order_id),
  })),
  told(deps, PaymentRefunded, (data) => ({
    kind: 'payment.refunded',
    amount: amountOf(data),
    orderId: orderIdOf(data.order_id),
    payment: {
      id: read('payment_id', idSchema('payment'), data.payment_id),
      provider: read('provider', Word, data.provider),
    },
  })),
]

export const deliveryFacts = (deps: ConsumerDeps): Handler<Tables>[] => [
  told(deps, ShipmentUpdated, (data) => {
    const status = toldShipments.find((each) => each === data.status)
    if (status === undefined) return undefined
    return {
      kind: 'shipment.updated',
      orderId: orderIdOf(data.order_id),
      shipment: {
        id: read('shipment_id', idSchema('shipment'), data.shipment_id),
        status,
        carrier: read('carrier', Word, data.carrier),
      },
    }
  }),
]

/** `newsOf` answers with nothing where a customer need not know. What it throws makes the fact a dead letter. */
function told<E extends CustomerEvent>(
  deps: ConsumerDeps,
  event: E,
  newsOf: (data: DataOf<E>) => News | undefined,
): Handler<Tables> {
  return on<Tables, E>(event, async (tx, { id, data }) => {
    const news = newsOf(data)
    if (news === undefined) return ok(undefined)
    const notice = await recordNotice(tx, deps, { eventId: id, fact: data, news })
    if (notice !== undefined) deps.noted(tx, notice)
    return ok(notice?.id)
  })
}

/** The name of a carrier or a provider. */
const Word = Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' })

/** Facts of others hold any text; what is shown to customers is of a known form. */
function read<S extends TSchema>(name: string, schema: S, text: string): S['static'] {
  if (!Value.Check(schema, text)) throw new Unusable(`its ${name} is none`)
  return text
}

function amountOf({ amount, currency }: { readonly amount: number; readonly currency: string }): Money {
  if (!Object.hasOwn(exponents, currency)) throw new Unusable('it is about money that we do not know')
  return money(amount, currency as Currency)
}
