//! catalog over gRPC: route256.product.ProductService, exactly as existing clients of it know it.
import { type Failure, fail, ok } from '../contracts/errors.ts'
import { ProductService } from '../contracts/gen/route256/product/product_pb.ts'
import type { Sku } from '../contracts/ids.ts'
import { type GrpcService, grpcService } from '../runtime/grpc.ts'
import type { Deps } from './deps.ts'
import { getProduct } from './operations/get-product.ts'
import { listSkus, skusPerPageMax } from './operations/list-skus.ts'

/** Both methods are open: the token is in the message, and the operations check it. */
export const grpc = (deps: Deps): GrpcService =>
  grpcService(ProductService, {
    getProduct: {
      guard: 'open',
      handle: async (call, { token, sku }) => {
        // The wire has no other values than those of a uint32, so only its zero is no SKU.
        if (sku === 0) return invalid('/sku', 'must be 1 or more')
        const answer = await getProduct(deps, call, { token, sku: sku as Sku })
        if (!answer.ok) return answer
        const { name, price } = answer.value
        return ok({ name, price: price.amount })
      },
    },
    listSkus: {
      guard: 'open',
      handle: async (call, { token, startAfterSku, count }) => {
        if (count < 1 || count > skusPerPageMax)
          return invalid('/count', `must be from 1 to ${skusPerPageMax}`)
        const page = { token, startAfterSku: startAfterSku as Sku | 0, count }
        const answer = await listSkus(deps, call, page)
        return answer.ok ? ok({ skus: [...answer.value] }) : answer
      },
    },
  })

function invalid(path: string, message: string): Failure {
  return fail('invalid_argument', { errors: [{ path, message }] })
}
