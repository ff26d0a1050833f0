//! Every question between services: requests made from its own schema, asked as any peer could ask them, and what any answer must be.
import { headers, type NatsConnection, RequestError } from '@nats-io/transport-node'
import { Value } from '@sinclair/typebox/value'
import fc from 'fast-check'
import { isErrorCode } from '../../../contracts/errors.ts'
import * as accounts from '../../../contracts/rpc/accounts.ts'
import * as catalog from '../../../contracts/rpc/catalog.ts'
import type { RpcMethod } from '../../../contracts/rpc/define.ts'
import * as loms from '../../../contracts/rpc/loms.ts'
import { requestsOf } from './arbitrary.ts'

const isMethod = (value: unknown): value is RpcMethod =>
  typeof value === 'object' && value !== null && 'subject' in value && 'reply' in value

export const rpcMethods = (): RpcMethod[] =>
  [accounts, catalog, loms].flatMap((module) => Object.values(module).filter(isMethod))

export type RpcSent = { readonly headers: Readonly<Record<string, string>>; readonly text: string }

const someHeaders = fc.record(
  {
    'Kiosk-Timeout-Ms': fc.constantFrom('1000', '2000', '0', '-1', '1e3', 'soon', '99999999999999999999'),
    'Kiosk-Tenant': fc.constantFrom('default', 'north', 'a b', '../x', 'x'.repeat(65)),
    'Kiosk-Caller': fc.constantFrom('service', 'user:7', 'x'.repeat(500)),
    'Kiosk-Request-Id': fc.stringMatching(/^[!-~]{1,200}$/),
    'Kiosk-Idempotency-Key': fc.constantFrom('k1', 'k2', 'a b', 'x'.repeat(256)),
    traceparent: fc.stringMatching(/^[0-9a-f-]{1,60}$/),
  },
  { requiredKeys: [] },
)

export function rpcRequestsOf(method: RpcMethod): fc.Arbitrary<RpcSent> {
  return fc
    .tuple(
      fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: someHeaders }),
      requestsOf(method.request),
    )
    .map(([headers, request]) => ({ headers, text: JSON.stringify(request) ?? 'undefined' }))
}

export async function ask(connection: NatsConnection, method: RpcMethod, sent: RpcSent): Promise<unknown> {
  const about = headers()
  for (const [name, value] of Object.entries(sent.headers)) about.set(name, value)
  const reply = await connection.request(method.subject, sent.text, { headers: about, timeout: 10_000 })
  return reply.json<unknown>()
}

/** Resolves when somebody listens: a service is ready before NATS has heard what it serves. */
export async function served(connection: NatsConnection, method: RpcMethod): Promise<void> {
  const endsAt = performance.now() + 10_000
  for (;;) {
    try {
      await connection.request(method.subject, 'no question', { timeout: 10_000 })
      return
    } catch (error) {
      const isEarly = error instanceof RequestError && error.isNoResponders()
      if (!isEarly || performance.now() > endsAt) throw error
      await Bun.sleep(20)
    }
  }
}

type Answer = { readonly ok: boolean; readonly value?: unknown; readonly error?: { readonly code: string } }

/** The code of a refusal, or `ok`; throws where it is neither. */
export function codeOf(method: RpcMethod, answer: unknown): string {
  const { ok, value, error } = answer as Answer
  if (ok === true) {
    if (!Value.Check(method.reply, value)) throw new Error(`of another shape: ${JSON.stringify(answer)}`)
    return 'ok'
  }
  if (ok !== false || error === undefined || !isErrorCode(error.code) || error.code === 'internal')
    throw new Error(`no answer of ours: ${JSON.stringify(answer)}`)
  return error.code
}
