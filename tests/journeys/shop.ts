//! A customer at the running services: asks over HTTP as any client does, and waits, with a bound, for what comes later.
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { lomsStream } from '../../contracts/events/loms.ts'
import type { TestSystem } from '../harness/system.ts'

export type Reply = { readonly status: number; readonly headers: Headers; readonly body: unknown }

export type Notice = {
  readonly order_id: number
  readonly user_id: number
  readonly status: string
  readonly message: string
  readonly moment: string
}

/** A fact as the stream has it. */
export type StoredFact = {
  readonly id: string
  readonly type: string
  readonly key: string
  readonly traceparent: string
  readonly data: Readonly<Record<string, unknown>>
}

export type Shop = {
  ask(service: string, path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>
  /** Asks, and answers the body; anything but 200 fails the test. */
  done(
    service: string,
    path: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<Readonly<Record<string, unknown>>>
  available(sku: number): Promise<number>
  statusOf(orderId: number): Promise<string>
  history(user: number): Promise<readonly Notice[]>
  /** The customer's notices once there are so many. */
  notices(user: number, count: number): Promise<readonly Notice[]>
  ready(service: string): Promise<Reply>
}

export function shopOf(system: Pick<TestSystem, 'url'>): Shop {
  // Each request on a connection of its own: a kept one may lead to a process that was killed meanwhile.
  const send = async (url: string, init: RequestInit): Promise<Reply> => {
    const response = await fetch(url, { ...init, keepalive: false })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? '' : JSON.parse(text) }
  }
  const ask: Shop['ask'] = (service, path, body, headers = {}) =>
    send(`${system.url(service)}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const done: Shop['done'] = async (service, path, body, headers) => {
    const reply = await ask(service, path, body, headers)
    if (reply.status !== 200)
      throw new Error(
        `${service} answered ${path} ${JSON.stringify(body)} with ${JSON.stringify(reply.body)}`,
      )
    return reply.body as Readonly<Record<string, unknown>>
  }
  const history = async (user: number) =>
    (await done('notifier', '/history', { user })).messages as readonly Notice[]
  return {
    ask,
    done,
    available: async (sku) => Number((await done('loms', '/stock/info', { sku })).count),
    statusOf: async (orderId) => String((await done('loms', '/order/info', { orderID: orderId })).status),
    history,
    notices: (user, count) =>
      eventually(`${count} notices of user ${user}`, async () => {
        const notices = await history(user)
        return notices.length >= count ? notices : undefined
      }),
    ready: (service) => send(`${system.url(service)}/health/ready`, {}),
  }
}

/** The order's number in a reply or in a refusal that names one. */
export function orderIdIn(body: unknown): number {
  const { orderID } = body as { readonly orderID?: unknown }
  if (typeof orderID !== 'number') throw new Error(`there is no orderID in ${JSON.stringify(body)}`)
  return orderID
}

const pollMs = 10

/** Asks again and again until there is something; after `timeoutMs` an error says what it was waited for. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 10_000,
): Promise<T> {
  const endsAt = performance.now() + timeoutMs
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (performance.now() > endsAt) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`)
    await Bun.sleep(pollMs)
  }
}

/** Everything that loms has ever announced, in the stream's order. */
export async function announced(system: Pick<TestSystem, 'natsUrl'>): Promise<readonly StoredFact[]> {
  const connection = await connect({ servers: system.natsUrl })
  try {
    const manager = await jetstreamManager(connection)
    const { state } = await manager.streams.info(lomsStream.name)
    const facts: StoredFact[] = []
    if (state.messages === 0) return facts
    const consumer = await jetstream(connection).consumers.get(lomsStream.name)
    for await (const message of await consumer.consume()) {
      const header = (name: string) => message.headers?.get(name) ?? ''
      facts.push({
        id: header('ce-id'),
        type: header('ce-type'),
        key: header('ce-subject'),
        traceparent: header('traceparent'),
        data: message.json(),
      })
      if (message.seq >= state.last_seq) break
    }
    return facts
  } finally {
    await connection.close()
  }
}

/** The facts about one order once there are so many; in the stream's order. */
export async function factsOf(
  system: Pick<TestSystem, 'natsUrl'>,
  orderId: number,
  count: number,
): Promise<readonly StoredFact[]> {
  return await eventually(`${count} facts about order ${orderId}`, async () => {
    const facts = (await announced(system)).filter(({ key }) => key === String(orderId))
    return facts.length >= count ? facts : undefined
  })
}

/** What is wrong with the facts: one that was told twice, or an order whose versions do not go up by one from 1. */
export function disorderIn(facts: readonly StoredFact[]): readonly string[] {
  const problems: string[] = []
  const seen = new Set<string>()
  const versions = new Map<string, number>()
  for (const { id, type, key, data } of facts) {
    if (seen.has(id)) problems.push(`${type} of order ${key} was told twice (${id})`)
    seen.add(id)
    if (!type.startsWith('order.') || type === 'order.payment_refused') continue
    const expected = (versions.get(key) ?? 0) + 1
    if (data.version !== expected)
      problems.push(`${type} of order ${key} has version ${data.version} where ${expected} was next`)
    versions.set(key, Number(data.version))
  }
  return problems
}

/** Rows of a service's own file, as somebody beside it reads them. */
export function rowsOf(
  system: Pick<TestSystem, 'dataDir'>,
  service: string,
  query: string,
): readonly Readonly<Record<string, unknown>>[] {
  const database = new Database(join(system.dataDir, `${service}.sqlite`), { readonly: true })
  try {
    return database.query<Record<string, unknown>, []>(query).all()
  } finally {
    database.close()
  }
}
