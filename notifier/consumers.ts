//! Every fact notifier listens to: each is a notice to the customer whose order it is about.
import { ok } from '../contracts/errors.ts'
import {
  OrderCancelled,
  OrderConfirmed,
  OrderCreated,
  OrderDelivered,
  OrderRejected,
  OrderShipped,
} from '../contracts/events/loms.ts'
import { type Handler, on } from '../runtime/messages/handler.ts'
import type { Deps } from './deps.ts'
import { recordNotice } from './operations/record-notice.ts'
import type { Noted } from './print-notices.ts'
import type { Tables } from './store/schema.ts'

/** A further fact about an order is told once it stands here. */
const toldFacts = [
  OrderCreated,
  OrderRejected,
  OrderConfirmed,
  OrderShipped,
  OrderDelivered,
  OrderCancelled,
] as const

export const lomsFacts = (deps: Pick<Deps, 'newId'> & { readonly noted: Noted }): Handler<Tables>[] =>
  toldFacts.map((event) =>
    on<Tables, (typeof toldFacts)[number]>(event, async (tx, { id, data }) => {
      const notice = await recordNotice(tx, deps, { eventId: id, fact: data })
      if (notice !== undefined) deps.noted(tx, notice)
      return ok(notice?.id)
    }),
  )
