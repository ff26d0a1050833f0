//! What catalog answers the other services over NATS.
import { ok } from '../contracts/errors.ts'
import { GetProducts, GetSkus } from '../contracts/rpc/catalog.ts'
import { handle, type RpcHandler } from '../runtime/rpc.ts'
import type { Deps } from './deps.ts'
import { getProducts } from './operations/get-products.ts'
import { getSkus } from './operations/get-skus.ts'

export const rpcHandlers = (deps: Pick<Deps, 'store'>): RpcHandler[] => [
  handle(GetProducts, async (call, request) => {
    const answer = await getProducts(deps, call, request)
    if (!answer.ok) return answer
    return ok({
      products: answer.value.map(({ sku, id, name, price }) => ({ sku, id, name, price: price.amount })),
    })
  }),

  handle(GetSkus, async (call, request) => {
    const answer = await getSkus(deps, call, request)
    if (!answer.ok) return answer
    return ok({ products: answer.value.map(({ id, sku }) => ({ id, sku })) })
  }),
]
