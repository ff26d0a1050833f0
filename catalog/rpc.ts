//! What catalog answers the other services over NATS.
import { ok } from '../contracts/errors.ts'
import { GetProducts } from '../contracts/rpc/catalog.ts'
import { handle, type RpcHandler } from '../runtime/rpc.ts'
import type { Deps } from './deps.ts'
import { getProducts } from './operations/get-products.ts'

export const rpcHandlers = (deps: Pick<Deps, 'store'>): RpcHandler[] => [
  handle(GetProducts, async (call, request) => {
    const answer = await getProducts(deps, call, request)
    if (!answer.ok) return answer
    return ok({ products: answer.value.map(({ sku, name, price }) => ({ sku, name, price: price.amount })) })
  }),
]
