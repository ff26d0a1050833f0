//! catalog over HTTP, the RPC surface of document A: one table of routes, shapes checked at the door.
import { Type } from '@sinclair/typebox'
import { ok } from '../contracts/errors.ts'
import type { Sku } from '../contracts/ids.ts'
import { SkuSchema, uint32Max } from '../contracts/scalars.ts'
import { createHttp, type Http, type HttpDeps } from '../runtime/http.ts'
import type { Deps } from './deps.ts'
import { rest } from './http-rest.ts'
import { getProduct } from './operations/get-product.ts'
import { listSkus, skusPerPageMax } from './operations/list-skus.ts'

const tags = ['products']

const Token = Type.String({
  maxLength: 1024,
  description: 'The setting CATALOG_TOKEN; in development `testtoken`.',
})

/** Every route of this surface is open: the token is in the body, and the operations check it. */
export function http(deps: Deps, httpDeps: HttpDeps): Http {
  const app = createHttp(httpDeps)

  app.post('/get_product', {
    summary: 'Name and price of a product',
    description: 'The price is in minor units (kopecks). A product that is not sold any more is not found.',
    tags,
    guard: 'open',
    body: Type.Object({ token: Token, sku: SkuSchema }, { examples: [{ token: 'testtoken', sku: 2001 }] }),
    reply: Type.Object(
      { name: Type.String(), price: Type.Integer({ minimum: 0, maximum: uint32Max }) },
      { examples: [{ name: 'Кава в зернах «Львівський ранок», 1 кг', price: 69_900 }] },
    ),
    refusals: ['bad_token', 'product_not_found'],
    run: async (call, { token, sku }) => {
      const answer = await getProduct(deps, call, { token, sku })
      if (!answer.ok) return answer
      const { name, price } = answer.value
      return ok({ name, price: price.amount })
    },
  })

  app.post('/list_skus', {
    summary: 'The SKUs that are sold, a page at a time',
    description: 'Ascending. Ask for the next page with the last SKU of this one; past the end it is empty.',
    tags,
    guard: 'open',
    body: Type.Object(
      {
        token: Token,
        startAfterSku: Type.Integer({
          minimum: 0,
          maximum: uint32Max,
          description: 'Exclusive; 0 starts at the beginning.',
        }),
        count: Type.Integer({ minimum: 1, maximum: skusPerPageMax, description: 'How many at most.' }),
      },
      { examples: [{ token: 'testtoken', startAfterSku: 0, count: 10 }] },
    ),
    reply: Type.Object({ skus: Type.Array(SkuSchema) }, { examples: [{ skus: [1, 123, 1001, 1002] }] }),
    refusals: ['bad_token'],
    run: async (call, { token, startAfterSku, count }) => {
      const page = { token, startAfterSku: startAfterSku as Sku | 0, count }
      const answer = await listSkus(deps, call, page)
      return answer.ok ? ok({ skus: [...answer.value] }) : answer
    },
  })

  rest(app, deps)
  return app
}
