//! Somebody else's ProductService as the source of names and prices, asked over gRPC within the limits that it sets.
import { status } from '@grpc/grpc-js'
import { BulkheadRejectedError, bulkhead, ExponentialBackoff, handleWhen, retry, wrap } from 'cockatiel'
import { fail, ok } from '../../contracts/errors.ts'
import { ProductService } from '../../contracts/gen/route256/product/product_pb.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Clock } from '../../contracts/time.ts'
import { type Call, remainingMs } from '../../runtime/call.ts'
import { GrpcCallError, grpcClient } from '../../runtime/grpc.ts'
import type { Logger } from '../../runtime/log.ts'
import type { Product, ProductSource } from '../deps.ts'

export type ForeignOptions = {
  /** `host:port`. */
  readonly address: string
  readonly token: string
  readonly now: Clock
  readonly log: Logger
  readonly requestsPerSecond: number
  readonly atOnceMax: number
  readonly attemptsMax: number
}

const waitingMax = 1000
// Left for our caller to be told that the catalogue is away, before somebody tells them that we are.
const answerMarginMs = 50
// One product with its name; nothing that we ask for is near this.
const replyLimitBytes = 256 * 1024

const mayRetry = (error: unknown) =>
  error instanceof GrpcCallError && [status.RESOURCE_EXHAUSTED, status.UNAVAILABLE].includes(error.code)

/** Every try counts against the limit: a service that asks for patience is not asked faster. */
export function foreignCatalog(options: ForeignOptions): ProductSource & { close(): void } {
  const { address, token, now, log } = options
  const client = grpcClient(ProductService, address, { replyLimitBytes })
  const paced = pacer(options.requestsPerSecond)
  const policy = wrap(
    bulkhead(options.atOnceMax, waitingMax),
    retry(handleWhen(mayRetry), {
      maxAttempts: options.attemptsMax - 1,
      backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 1000 }),
    }),
  )

  async function product(call: Call, sku: Sku, signal: AbortSignal): Promise<Product | undefined> {
    const ask = () => {
      // A call whose time is over still has to say so: 1 ms is answered DEADLINE_EXCEEDED.
      const deadlineMs = Math.max(1, remainingMs(call, now))
      return client.ask.getProduct({ token, sku }, { deadlineMs })
    }
    try {
      const reply = await policy.execute(() => paced(ask, signal), signal)
      return { sku, name: reply.name, price: reply.price }
    } catch (error) {
      if (error instanceof GrpcCallError && error.code === status.NOT_FOUND) return undefined
      throw error
    }
  }

  return {
    async products(call, skus) {
      const patience = AbortSignal.timeout(Math.max(0, remainingMs(call, now) - answerMarginMs))
      try {
        const found = await Promise.race([
          Promise.all(skus.map((sku) => product(call, sku, patience))),
          endOf(patience),
        ])
        return ok(
          new Map(
            found.flatMap((product) => (product === undefined ? [] : [[product.sku, product] as const])),
          ),
        )
      } catch (error) {
        const isTheirs = error instanceof GrpcCallError || error instanceof BulkheadRejectedError
        if (!isTheirs && !patience.aborted) throw error
        // A wrong token, a full queue, no time left: one thing to our caller, and a line to whoever can do something.
        log.warn({ err: error, requestId: call.requestId }, 'no answer of the ProductService')
        return fail('catalog_unavailable')
      }
    },
    // They name their products by SKU alone.
    skuOf: async () => ok(undefined),
    close: () => client.close(),
  }
}

/**
 * Lets at most so many through in any second, however it is counted over there: a place is free again a second after
 * its answer. Who has given up by the time that it is their turn is not let through.
 */
function pacer(perSecond: number) {
  const places = bulkhead(perSecond, waitingMax)
  return <R>(ask: () => Promise<R>, signal: AbortSignal): Promise<R> =>
    new Promise((resolve, reject) => {
      const stay = async () => {
        await ask().then(resolve, reject)
        await new Promise((free) => setTimeout(free, 1000).unref())
      }
      places.execute(stay, signal).catch(reject)
    })
}

/** Rejects when the signal says that the time is over. */
function endOf(patience: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    patience.addEventListener('abort', () => reject(patience.reason), { once: true })
  })
}
