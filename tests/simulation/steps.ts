//! What can happen in a history, one step at a time: what customers and staff ask for, and what goes wrong.
import type { Service } from './process.ts'
import type { StreamName, Trouble, Way } from './weather.ts'

export type Line = { readonly sku: number; readonly count: number }
/** The same number again is the same idempotency key. */
type Keyed = { readonly key?: number }

export type Request =
  | ({ readonly do: 'add'; readonly user: number } & Line & Keyed)
  | ({ readonly do: 'delete'; readonly user: number; readonly sku: number; readonly count?: number } & Keyed)
  | ({ readonly do: 'clear'; readonly user: number } & Keyed)
  /** With `to`, paid from the wallet. */
  | ({ readonly do: 'checkout'; readonly user: number; readonly to?: Where } & Keyed)
  | ({ readonly do: 'create'; readonly user: number; readonly items: readonly Line[] } & Keyed)
  | ({ readonly do: 'pay'; readonly order: number } & Keyed)
  | ({ readonly do: 'cancel'; readonly order: number } & Keyed)
  | ({ readonly do: 'price'; readonly sku: number; readonly price: number } & Keyed)
  | ({ readonly do: 'withdraw'; readonly sku: number } & Keyed)
  | ({ readonly do: 'restock'; readonly warehouse: number } & Line)
  | ({ readonly do: 'top up'; readonly user: number; readonly amount: number } & Keyed)
  | ({
      readonly do: 'buy'
      readonly user: number
      readonly items: readonly Line[]
      readonly to: Where
    } & Keyed)
  | ({ readonly do: 'call off'; readonly order: number } & Keyed)
  /** What it costs is taken from its user's wallet, as another service asks for it. */
  | ({ readonly do: 'charge'; readonly order: number } & Keyed)
  | ({ readonly do: 'send'; readonly order: number } & Keyed)
  | ({ readonly do: 'receive'; readonly order: number } & Keyed)
  | { readonly do: 'look'; readonly user: number }

/** Where to deliver: nowhere that a courier could find is refused. */
export type Where = 'pick-up' | 'courier' | 'nowhere'

/** An order by its number, or the one that is meant when it comes to that. */
export type Which = number | 'newest' | 'due' | 'bought'
type Ending = Extract<Request, { do: 'pay' | 'cancel' | 'call off' | 'charge' | 'send' | 'receive' }>

/** A request as it is planned: which order it is about may have to be seen. */
export type Wish = Exclude<Request, Ending> | ({ readonly do: Ending['do']; readonly order: Which } & Keyed)

/** What happens without anybody asking. */
export type Event =
  | Fault
  /** accounts, which nobody simulates, tells that there is a new user. */
  | { readonly do: 'register'; readonly user: number }

export type Fault =
  /** The process dies at the so-many-th place from here where it may, and is started again later. */
  | { readonly do: 'crash'; readonly service: Service; readonly places: number; readonly downMs: number }
  | { readonly do: 'trouble'; readonly ways: readonly Way[]; readonly trouble: Trouble; readonly ms: number }
  /** NATS is away: no questions, no facts. */
  | { readonly do: 'away'; readonly ms: number }
  | { readonly do: 'lose tail'; readonly stream: StreamName; readonly count: number }
  | { readonly do: 'lose all'; readonly stream: StreamName; readonly silently: boolean }
  /** One message is gone that everybody has read. */
  | { readonly do: 'lose one'; readonly stream: StreamName; readonly before: number }
  /** The next window is stored as far as this, and the connection is lost before anybody is told. */
  | { readonly do: 'lose answer'; readonly stream: StreamName; readonly stored: number }
  /** The clock on the wall is set; the service finds out when it is started next, which is now. */
  | { readonly do: 'set clock'; readonly service: Service; readonly offMs: number }
  /** Everything stands still. */
  | { readonly do: 'pause'; readonly ms: number }
  /** Everything stands still until shortly before or after the nearest deadline. */
  | { readonly do: 'pause until'; readonly what: Deadline; readonly plusMs: number }

/** Of an order, a checkout, the next try of a saga, the look into a hold. */
export type Deadline = 'pay by' | 'not after' | 'retry at' | 'look at'

export type Step = (Wish | Event) & {
  /** Of the history as it was made; a step keeps its number when others are left out. */
  readonly number: number
  /** How long it is after the step before. */
  readonly afterUs: number
}

const requests = [
  'add',
  'delete',
  'clear',
  'checkout',
  'create',
  'pay',
  'cancel',
  'price',
  'withdraw',
  'restock',
  'top up',
  'buy',
  'call off',
  'charge',
  'send',
  'receive',
  'look',
] as const satisfies readonly Request['do'][]

export const isWish = (step: Wish | Event): step is Wish => (requests as readonly string[]).includes(step.do)

const pieces = ({ sku, count }: Line) => `${count} of SKU ${sku}`
const withKey = ({ key }: Keyed) => (key === undefined ? '' : `, key ${key}`)
const orderWords = (which: Which) => (typeof which === 'number' ? `order ${which}` : `the ${which} order`)
const part = (of: number) => `${Math.round(of * 100)} %`

export function wordsOf(step: Wish | Event): string {
  switch (step.do) {
    case 'add':
      return `user ${step.user} puts ${pieces(step)} into the cart${withKey(step)}`
    case 'delete':
      return `user ${step.user} takes ${step.count ?? 'all'} of SKU ${step.sku} out of the cart${withKey(step)}`
    case 'clear':
      return `user ${step.user} empties the cart${withKey(step)}`
    case 'checkout':
      return `user ${step.user} checks out${step.to === undefined ? '' : ` from the wallet, ${step.to}`}${withKey(step)}`
    case 'create':
      return `user ${step.user} orders ${step.items.map(pieces).join(' and ')}${withKey(step)}`
    case 'pay':
      return `${orderWords(step.order)} is paid${withKey(step)}`
    case 'cancel':
      return `${orderWords(step.order)} is cancelled${withKey(step)}`
    case 'price':
      return `SKU ${step.sku} costs ${step.price} now${withKey(step)}`
    case 'withdraw':
      return `SKU ${step.sku} is sold no longer${withKey(step)}`
    case 'restock':
      return `${pieces(step)} come into warehouse ${step.warehouse}`
    case 'top up':
      return `user ${step.user} puts ${step.amount} into the wallet${withKey(step)}`
    case 'buy':
      return `user ${step.user} buys ${step.items.map(pieces).join(' and ')} from the wallet, ${step.to}${withKey(step)}`
    case 'call off':
      return `${orderWords(step.order)} is called off${withKey(step)}`
    case 'charge':
      return `${orderWords(step.order)} is charged${withKey(step)}`
    case 'send':
      return `${orderWords(step.order)} is sent${withKey(step)}`
    case 'receive':
      return `${orderWords(step.order)} is received${withKey(step)}`
    case 'look':
      return `user ${step.user} looks into the wallet`
    case 'register':
      return `user ${step.user} has registered`
    case 'crash':
      return `${step.service} dies ${step.places} places from here and is away for ${step.downMs} ms`
    case 'trouble':
      return `for ${step.ms} ms on the way ${step.ways.join(', ')}: ${part(step.trouble.lost)} lost, ${part(step.trouble.twice)} twice, up to ${step.trouble.slowMs} ms late`
    case 'away':
      return `NATS is away for ${step.ms} ms`
    case 'lose tail':
      return `the stream ${step.stream} loses its last ${step.count}`
    case 'lose all':
      return `the stream ${step.stream} is empty${step.silently ? ', and nobody is told' : ''}`
    case 'lose one':
      return `the stream ${step.stream} loses the message ${step.before} before the last that was read`
    case 'lose answer':
      return `the stream ${step.stream} stores ${step.stored} of the next window and the connection is lost`
    case 'set clock':
      return `the clock of ${step.service} is ${step.offMs} ms off, and it is started anew`
    case 'pause':
      return `everything stands still for ${step.ms} ms`
    case 'pause until':
      return `everything stands still until ${step.plusMs} ms after the nearest ${step.what}`
  }
}
