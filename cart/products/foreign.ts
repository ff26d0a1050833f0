//! Somebody else's ProductService as the source of names and prices, asked over gRPC within the limits that it sets.
import { status } from '@grpc/grpc-js'
import { BulkheadRejectedError, bulkhead, ExponentialBackoff, handleWhen, retry, wrap } from 'cockatiel'
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible'
import { fail, ok } from '../../contracts/errors.ts'
import { ProductService } from '../../contracts/gen/route256/product/product_pb.ts'
import type { Sku } from '../../contracts/ids.ts'
import type { Clock } from '../../contracts/time.ts'
import { type Call, remainingMs } from '../../runtime/call.ts'
import { GrpcCallError, grpcClient } from '../../runtime/grpc.ts'
import type { Product, ProductSource } from '../deps.ts'

export type ForeignOptions = {
  /** `host:port`. */
  readonly address: string
  readonly token: string
  readonly now: Clock
  readonly requestsPerSecond: number
  readonly atOnceMax: number
  readonly attemptsMax: number
}

const waitingMax = 1000
// One product with its name; nothing that we ask for is near this.
const replyLimitBytes = 256 * 1024

const mayRetry = (error: unknown) =>
  error instanceof GrpcCallError && [status.RESOURCE_EXHAUSTED, status.UNAVAILABLE].includes(error.code)

/** Every try counts against the limit: a service that asks for patience is not asked faster. */
export function foreignCatalog(options: ForeignOptions): ProductSource & { close(): void } {
  const { address, token, now } = options
  const client = grpcClient(ProductService, address, { replyLimitBytes })
  const limiter = new RateLimiterQueue(
    new RateLimiterMemory({ points: options.requestsPerSecond, duration: 1 }),
    { maxQueueSize: waitingMax },
  )
  const policy = wrap(
    bulkhead(options.atOnceMax, waitingMax),
    retry(handleWhen(mayRetry), {
      maxAttempts: options.attemptsMax - 1,
      backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 1000 }),
    }),
  )

  async function product(call: Call, sku: Sku, signal: AbortSignal): Promise<Product | undefined> {
    try {
      const reply = await policy.execute(async () => {
        await limiter.removeTokens(1)
        // A call whose time is over still has to say so: 1 ms is answered DEADLINE_EXCEEDED.
        const deadlineMs = Math.max(1, remainingMs(call, now))
        return await client.ask.getProduct({ token, sku }, { deadlineMs })
      }, signal)
      return { sku, name: reply.name, price: reply.price }
    } catch (error) {
      if (error instanceof GrpcCallError && error.code === status.NOT_FOUND) return undefined
      throw error
    }
  }

  return {
    async products(call, skus) {
      const patience = AbortSignal.timeout(remainingMs(call, now))
      try {
        const found = await Promise.all(skus.map((sku) => product(call, sku, patience)))
        return ok(
          new Map(
            found.flatMap((product) => (product === undefined ? [] : [[product.sku, product] as const])),
          ),
        )
      } catch (error) {
        if (error instanceof GrpcCallError || error instanceof BulkheadRejectedError || patience.aborted) {
          return fail('catalog_unavailable')
        }
        throw error
      }
    },
    close: () => client.close(),
  }
}
