//! A shop under test as its callers see it: the calls that a fault test makes, and how it waits for everything to finish.
import type { Env } from '../../tools/verify/options.ts'
import { runVerify, type Verified } from '../../tools/verify/run.ts'
import { canary } from '../harness/canary.ts'
import type { TestSystem } from '../harness/system.ts'

export type Reply = {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  /** True where it is the stored answer of an earlier request. */
  readonly replayed: boolean
}

export type CallOptions = {
  readonly key?: string
  readonly timeoutMs?: number
  /** Of whoever asks, where that matters. */
  readonly authorization?: string
  /** Whether the connection may be used again: not where the other end is killed, so that no call fails for an older one. */
  readonly keepAlive?: boolean
}

const defaultTimeoutMs = 30_000

/** One POST. Rejects where no whole answer came: nobody knows then what was done. */
export const post = (url: string, body: unknown, options?: CallOptions): Promise<Reply> =>
  ask(url, { method: 'POST', body: JSON.stringify(body) }, options)

export const get = (url: string, options?: CallOptions): Promise<Reply> =>
  ask(url, { method: 'GET' }, options)

async function ask(url: string, request: RequestInit, options: CallOptions = {}): Promise<Reply> {
  const { key, timeoutMs = defaultTimeoutMs, authorization, keepAlive = false } = options
  const response = await fetch(url, {
    ...request,
    headers: {
      'content-type': 'application/json',
      ...keyHeader(key),
      ...(authorization !== undefined && { authorization }),
    },
    signal: AbortSignal.timeout(timeoutMs),
    keepalive: keepAlive,
  })
  return {
    status: response.status,
    body: (await response.json()) as Reply['body'], // ours answer with objects only
    replayed: response.headers.get('idempotent-replayed') === 'true',
  }
}

/** Keys are marked: whoever knows one is told the answer, so they belong in no log. */
export const keyHeader = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { 'idempotency-key': canary(key) }

export type Shop = ReturnType<typeof shopOf>

export function shopOf(system: Pick<TestSystem, 'url'>) {
  const to = (service: string, path: string) => (body: unknown, options?: CallOptions) =>
    post(`${system.url(service)}${path}`, body, options)
  return {
    add: to('cart', '/cart/item/add'),
    checkout: to('cart', '/cart/checkout'),
    create: to('loms', '/order/create'),
    info: to('loms', '/order/info'),
    pay: to('loms', '/order/pay'),
    cancel: to('loms', '/order/cancel'),
    stock: to('loms', '/stock/info'),
    history: to('notifier', '/history'),
  }
}

export type Settled = Verified & { readonly ms: number }

/** Asks verify until nothing is under way; the last report, whatever it says by then, after `timeoutMs`. */
export async function settled(system: TestSystem, timeoutMs = 10_000, env: Env = {}): Promise<Settled> {
  const startedAt = performance.now()
  for (;;) {
    const verified = await runVerify({ dataDir: system.dataDir, env, mode: 'settled' })
    const ms = performance.now() - startedAt
    if (verified.ok || ms > timeoutMs) return { ...verified, ms }
  }
}
