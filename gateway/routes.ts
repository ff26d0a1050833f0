//! What goes through the door, and to whom: every method and path of the shop's API, exactly, and nothing else.

export const upstreamNames = [
  'accounts',
  'billing',
  'cart',
  'catalog',
  'delivery',
  'loms',
  'notifier',
] as const
export type UpstreamName = (typeof upstreamNames)[number]

/**
 * Who may ask. `open`: anybody, and nobody is asked who they are. `optional`: anybody, and whoever says who they are is
 * known to the service. The others need a sign-in: of any account, of a courier or an admin, of an admin. What the
 * documents leave open is `signed_in` here; the services judge for themselves in any case.
 */
export type Access = 'open' | 'optional' | 'signed_in' | 'courier' | 'admin'

export type RouteMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type GatewayRoute = {
  readonly method: RouteMethod
  /** With `:names`, each of which stands for one segment. */
  readonly path: string
  readonly upstream: UpstreamName
  readonly access: Access
  /**
   * `sign_in`: tries credentials, so it is limited more strictly and takes no account of a cookie. `credentials`: the
   * same without that limit. `sign_out`: ends sessions, so the gateway forgets what it knows of them. `webhook`: other companies'
   * servers ask, never browsers. `stream`: the answer does not end by itself.
   */
  readonly kind?: 'sign_in' | 'credentials' | 'sign_out' | 'webhook' | 'stream'
}

type Row = readonly [method: RouteMethod, path: string, access: Access, kind?: GatewayRoute['kind']]

const rows: Readonly<Record<UpstreamName, readonly Row[]>> = {
  accounts: [
    ['POST', '/api/v1/register', 'open', 'sign_in'],
    ['POST', '/api/v1/login', 'open', 'sign_in'],
    ['POST', '/api/v1/password/forgot', 'open', 'sign_in'],
    ['POST', '/api/v1/password/reset', 'open', 'sign_in'],
    ['POST', '/api/v1/token/refresh', 'open', 'credentials'],
    ['POST', '/api/v1/logout', 'open', 'sign_out'],
    ['GET', '/api/v1/user/profile', 'signed_in'],
    ['POST', '/api/v1/user/profile', 'signed_in'],
    ['POST', '/api/v1/user/password', 'signed_in', 'sign_out'],
    ['GET', '/api/v1/sessions', 'signed_in'],
    ['DELETE', '/api/v1/sessions', 'signed_in', 'sign_out'],
    ['DELETE', '/api/v1/sessions/:id', 'signed_in', 'sign_out'],
    ['GET', '/api/v1/oauth/:provider/start', 'open'],
    ['GET', '/api/v1/oauth/:provider/callback', 'open'],
    ['PUT', '/api/v1/users/:id/role', 'admin'],
    ['GET', '/.well-known/jwks.json', 'open'],
  ],
  catalog: [
    ['GET', '/api/v1/products', 'open'],
    ['GET', '/api/v1/products/:id', 'open'],
    ['POST', '/api/v1/products', 'admin'],
    ['PATCH', '/api/v1/products/:id', 'admin'],
    ['DELETE', '/api/v1/products/:id', 'admin'],
    ['GET', '/api/v1/categories', 'open'],
  ],
  cart: [
    ['GET', '/api/v1/cart', 'signed_in'],
    ['DELETE', '/api/v1/cart', 'signed_in'],
    ['POST', '/api/v1/cart/items', 'signed_in'],
    ['PATCH', '/api/v1/cart/items/:sku', 'signed_in'],
    ['DELETE', '/api/v1/cart/items/:sku', 'signed_in'],
    ['POST', '/api/v1/cart/checkout', 'signed_in'],
  ],
  loms: [
    ['GET', '/api/v1/orders', 'signed_in'],
    ['POST', '/api/v1/orders', 'signed_in'],
    ['GET', '/api/v1/orders/:id', 'signed_in'],
    ['GET', '/api/v1/order/:id', 'signed_in'],
    ['POST', '/api/v1/order', 'signed_in'],
    ['PUT', '/api/v1/orders/:id/status', 'admin'],
    ['POST', '/api/v1/orders/:id/cancel', 'signed_in'],
    ['GET', '/api/v1/orders/:id/invoice', 'signed_in'],
    ['GET', '/api/v1/orders/:id/returns', 'signed_in'],
    ['POST', '/api/v1/orders/:id/returns', 'signed_in'],
    ['GET', '/api/v1/stock/position/:sku/count', 'open'],
    ['POST', '/api/v1/stock/position/:sku', 'admin'],
    ['POST', '/api/v1/stock/position/:sku/reserve', 'admin'],
    ['POST', '/api/v1/stock/position/:sku/release', 'admin'],
    ['GET', '/api/v1/warehouses', 'admin'],
    ['POST', '/api/v1/warehouses', 'admin'],
    ['POST', '/api/v1/promo/validate', 'optional'],
    ['POST', '/api/v1/promo/apply', 'signed_in'],
    ['GET', '/api/v1/promo', 'admin'],
    ['POST', '/api/v1/promo', 'admin'],
  ],
  billing: [
    ['GET', '/api/v1/account', 'signed_in'],
    ['POST', '/api/v1/account', 'signed_in'],
    ['GET', '/api/v1/account/transactions', 'signed_in'],
    ['GET', '/api/v1/users/:id/account', 'admin'],
    ['POST', '/api/v1/payments/create', 'signed_in'],
    ['POST', '/api/v1/payments/callback', 'open', 'webhook'],
    ['POST', '/api/v1/payments/callback/:provider', 'open', 'webhook'],
    ['POST', '/api/v1/payments/liqpay/callback', 'open', 'webhook'],
    ['POST', '/api/v1/payments/mono/callback', 'open', 'webhook'],
    ['POST', '/payments/liqpay/callback', 'open', 'webhook'],
    ['POST', '/payments/mono/callback', 'open', 'webhook'],
    ['GET', '/api/v1/payments/:id/status', 'signed_in'],
    ['POST', '/api/v1/payments/:id/refund', 'signed_in'],
  ],
  delivery: [
    ['GET', '/api/v1/shipments', 'courier'],
    ['POST', '/api/v1/shipments', 'signed_in'],
    ['GET', '/api/v1/shipments/carriers', 'open'],
    ['GET', '/api/v1/shipments/:id/track', 'signed_in'],
    ['GET', '/api/v1/order/:id/delivery', 'signed_in'],
    ['POST', '/api/v1/order/sent', 'courier'],
    ['POST', '/api/v1/order/recieved', 'signed_in'],
    ['POST', '/api/v1/order/received', 'signed_in'],
    ['GET', '/api/v1/pickup-points', 'open'],
  ],
  notifier: [
    ['GET', '/api/v1/notifications', 'signed_in'],
    ['GET', '/api/v1/notifications/stream', 'signed_in', 'stream'],
  ],
}

export const routes: readonly GatewayRoute[] = upstreamNames.flatMap((upstream) =>
  rows[upstream].map(([method, path, access, kind]) => ({
    method,
    path,
    upstream,
    access,
    ...(kind === undefined ? {} : { kind }),
  })),
)
