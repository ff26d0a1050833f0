//! For tests: a cart on a store in memory (or wherever told), behind its real doors, among others that are stood in for.
import { join } from 'node:path'
import { defaultTenant, newId } from '../contracts/ids.ts'
import { plusMs } from '../contracts/time.ts'
import { type Call, childTraceparent, type IdempotencyKey } from '../runtime/call.ts'
import type { Http } from '../runtime/http.ts'
import { openStore } from '../runtime/store/open.ts'
import { doorDeps, serveGrpc } from '../tests/harness/doors.ts'
import type { Deps, ProductSource } from './deps.ts'
import { grpc } from './grpc.ts'
import { http } from './http.ts'
import type { UnderWay } from './operations/checkout.ts'
import { settleCheckouts } from './operations/settle-checkouts.ts'
import { Others } from './others.fixture.ts'
import { ownCatalog } from './products/own.ts'
import { stockOf } from './stock.ts'
import { type CartStore, schema, type Tables } from './store/schema.ts'

export const checkoutWindowMs = 5000

export function openCart(url = 'sqlite::memory:'): Promise<CartStore> {
  return openStore<Tables>(url, { schema, migrations: join(import.meta.dir, 'store/migrations') })
}

/** One process of cart. Several may share others and database. */
export async function startCart({
  others = new Others(),
  url,
  products = ownCatalog(others),
}: {
  others?: Others
  url?: string
  products?: ProductSource
} = {}) {
  const store = await openCart(url)
  const { now } = others
  const deps: Deps & { readonly underWay: UnderWay } = {
    store,
    now,
    newId,
    products,
    stock: stockOf(others),
    rpc: others,
    checkoutWindowMs,
    underWay: new Map(),
  }
  const httpDoor = (requireAuth: boolean): Http => http(deps, doorDeps('cart', now, { requireAuth }))
  const httpDoors = new Map<boolean, Http>()
  return {
    deps,
    store,
    others,
    /** The real router; nothing asks for a token unless told otherwise, as on loopback. */
    httpDoor({ requireAuth = false } = {}): Http {
      const made = httpDoors.get(requireAuth) ?? httpDoor(requireAuth)
      httpDoors.set(requireAuth, made)
      return made
    },
    grpcDoor: () => serveGrpc(grpc(deps), doorDeps('cart', now)),
    settle: () => settleCheckouts(deps),
    /** What is in a user's cart: `[sku, quantity]`, by SKU. */
    lines: async (user: number | bigint) => {
      const rows = await store.read((tx) => tx.db.select().from(tx.tables.cartLines))
      return rows
        .filter(({ userId }) => userId === BigInt(user))
        .map(({ sku, quantity }): [number, number] => [sku, quantity])
        .sort(([a], [b]) => a - b)
    },
    checkouts: () => store.read((tx) => tx.db.select().from(tx.tables.checkouts)),
    close: () => store.close(),
  }
}

export type Cart = Awaited<ReturnType<typeof startCart>>

/** A call as a door makes it; a key is that of one route. */
export function callOf(
  { others }: Pick<Cart, 'others'>,
  key?: Pick<IdempotencyKey, 'key' | 'fingerprint'>,
): Call {
  return {
    tenantId: defaultTenant,
    caller: 'service',
    requestId: newId('request'),
    traceparent: childTraceparent(undefined),
    deadlineAt: plusMs(others.now(), 10_000),
    ...(key && { idempotency: { ...key, scope: 'service POST /cart/checkout' } }),
  }
}
