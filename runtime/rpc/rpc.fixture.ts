//! What the tests of questions share: servers and clients that end with the test, calls, and what was logged.
import pino, { type Logger } from 'pino'
import { Registry } from 'prom-client'
import { defaultTenant, newId } from '../../contracts/ids.ts'
import { plusMs, processClock } from '../../contracts/time.ts'
import { type Call, childTraceparent } from '../call.ts'
import { connectNats, type Nats } from '../nats.ts'
import { type RpcClient, rpcClient } from './client.ts'
import { type RpcHandler, type RpcServer, type RpcServerOptions, serveRpc } from './server.ts'

export const now = processClock()

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string }

/** A logger that remembers, so that a test can ask what was said. */
export function rememberingLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = []
  return { log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }), lines }
}

/** A service's process as far as NATS is concerned. */
export type Side = {
  readonly nats: Nats
  readonly registry: Registry
  readonly log: Logger
  readonly lines: LogLine[]
}

export class Stage {
  readonly #cleanups: (() => Promise<void>)[] = []

  /** Ends what was started, the latest first. */
  async clear(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup()
  }

  onClear(cleanup: () => Promise<void>): void {
    this.#cleanups.push(cleanup)
  }

  side(url: string): Side {
    const registry = new Registry()
    const { log, lines } = rememberingLog()
    const nats = connectNats({
      url,
      name: 'test',
      log,
      registry,
      onClosed: (error) => {
        throw error
      },
    })
    this.onClear(() => nats.close())
    return { nats, registry, log, lines }
  }

  serve(
    side: Side,
    service: string,
    handlers: readonly RpcHandler[],
    more: Partial<Pick<RpcServerOptions, 'inFlightMax' | 'idempotencySecret'>> = {},
  ): RpcServer {
    const server = serveRpc({
      ...side,
      service,
      handlers,
      now,
      newId,
      inFlightMax: 100,
      idempotencySecret: 'a secret of the test',
      ...more,
    })
    this.onClear(() => server.close())
    return server
  }

  client(side: Side): RpcClient {
    return rpcClient({ ...side, now })
  }
}

export function callOf(leftMs: number, more: Partial<Call> = {}): Call {
  return {
    tenantId: defaultTenant,
    caller: 'user:7',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(now(), leftMs),
    ...more,
  }
}

/** Resolves when the server knows our subscriptions. */
export async function heard({ nats }: Side): Promise<void> {
  await (await nats.whenConnected()).flush()
}

export async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(5)
}
