//! Who acts on which facts, and what is there when it has: the one list that delivery is checked by.
import { catalogStream } from '../../contracts/events/catalog.ts'
import { lomsStream } from '../../contracts/events/loms.ts'
import type { Service } from './options.ts'

export type Reading = {
  readonly reader: Service
  readonly announcer: Service
  /** The stream's name. */
  readonly stream: string
  readonly types: readonly string[]
  /** True where the effect of fact `o` (a row of the outbox) is there, in the reader's tables. */
  readonly effect: string
  /** True where an effect can be told from none: a second fact may have the effect of the first. */
  readonly effectIsItsOwn: boolean
}

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
    effect: `exists (select 1 from notifier.notices n where n.event_id = o.id
      and n.tenant_id = o.tenant_id
      and n.order_id = cast(o.data ->> '$.order_id' as integer)
      and n.user_id = cast(o.data ->> '$.user_id' as integer)
      and n.status = o.data ->> '$.status')`,
    effectIsItsOwn: true,
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
]

/** `'a', 'b'` for an SQL list. */
export const sqlTexts = (texts: readonly string[]): string => texts.map((text) => `'${text}'`).join(', ')
