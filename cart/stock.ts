//! What can be bought, as loms says.
import { fail, ok } from '../contracts/errors.ts'
import type { Sku } from '../contracts/ids.ts'
import { GetAvailable } from '../contracts/rpc/loms.ts'
import { skusMax } from '../contracts/scalars.ts'
import type { Call } from '../runtime/call.ts'
import { type GatherOptions, gather, type RpcClient } from '../runtime/rpc.ts'
import type { StockSource } from './deps.ts'

export const stockOf = (rpc: RpcClient, defer?: GatherOptions['defer']): StockSource => ({
  available: gather<Sku, number, Call>(
    async (call, skus) => {
      const asked = await rpc.ask(GetAvailable, call, { skus: [...skus] })
      // Whatever kept loms from answering, to our caller it is one thing.
      if (!asked.ok) return fail('stock_unavailable')
      return ok(new Map(asked.value.stock.map(({ sku, count }) => [sku, count])))
    },
    { keysMax: skusMax, ...(defer && { defer }) },
  ),
})
