//! Every refusal of every service. What a caller must expect is a value; what must never happen is thrown.

/** Kinds are the gRPC status names, so every transport already knows how to say them. */
export type ErrorKind =
  | 'invalid_argument'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'already_exists'
  | 'failed_precondition'
  | 'aborted'
  | 'out_of_range'
  | 'resource_exhausted'
  | 'deadline_exceeded'
  | 'unavailable'
  | 'internal'

type Entry = {
  readonly kind: ErrorKind
  /** What kind of problem it is, in a few words: the same whenever it occurs (RFC 9457, section 3.1.3). */
  readonly title: string
  /** One sentence for the caller; it never holds a value of theirs. */
  readonly message: string
  /** HTTP status on the REST surface, where it differs from its kind's. */
  readonly rest?: number
  /** HTTP status on the RPC surface, where it differs from its kind's. */
  readonly rpc?: number
}

export const errors = {
  // Any service.
  invalid_argument: {
    kind: 'invalid_argument',
    title: 'Invalid request',
    message: 'The request is not of the expected shape.',
  },
  malformed_body: {
    kind: 'invalid_argument',
    title: 'Body is not JSON',
    message: 'The body is not valid JSON.',
  },
  unsupported_media_type: {
    kind: 'invalid_argument',
    title: 'Body of another type',
    rest: 415,
    rpc: 415,
    message: 'The body must be application/json.',
  },
  body_too_large: {
    kind: 'invalid_argument',
    title: 'Body too large',
    rest: 413,
    rpc: 413,
    message: 'The body is larger than this service accepts.',
  },
  body_too_slow: {
    kind: 'deadline_exceeded',
    title: 'Body too slow',
    rest: 408,
    rpc: 408,
    message: 'The body did not arrive in time.',
  },
  route_not_found: { kind: 'not_found', title: 'No such route', message: 'There is no such route.' },
  method_not_allowed: {
    kind: 'not_found',
    title: 'Method not taken here',
    rest: 405,
    rpc: 405,
    message: 'The route does not take this method.',
  },
  unauthenticated: {
    kind: 'unauthenticated',
    title: 'Sign-in needed',
    message: 'The call needs a valid token.',
  },
  permission_denied: {
    kind: 'permission_denied',
    title: 'Not allowed',
    message: 'The token does not allow this call.',
  },
  idempotency_key_invalid: {
    kind: 'invalid_argument',
    title: 'Invalid idempotency key',
    message: 'An idempotency key has 1 to 255 visible ASCII characters.',
  },
  idempotency_key_reused: {
    kind: 'already_exists',
    title: 'Idempotency key used for another request',
    rest: 422,
    rpc: 422,
    message: 'The idempotency key was used for a different request.',
  },
  in_progress: {
    kind: 'aborted',
    title: 'First request still running',
    rest: 409,
    rpc: 409,
    message: 'The first request with this idempotency key is still running.',
  },
  overloaded: {
    kind: 'resource_exhausted',
    title: 'Too much to do',
    rest: 503,
    rpc: 503,
    message: 'The service has as much work as it can hold; try again.',
  },
  deadline_exceeded: {
    kind: 'deadline_exceeded',
    title: 'No answer in time',
    rest: 503,
    rpc: 503,
    message: 'The answer did not come in time.',
  },
  unavailable: {
    kind: 'unavailable',
    title: 'Not available now',
    message: 'A part that is needed for the answer is away; try again.',
  },
  internal: { kind: 'internal', title: 'Internal error', message: 'Something went wrong on our side.' },

  too_many_requests: {
    kind: 'resource_exhausted',
    title: 'Too many requests',
    message: 'Too many requests; try again later.',
  },
  csrf: {
    kind: 'permission_denied',
    title: 'CSRF token missing or wrong',
    message: 'A change by cookie needs the token of its session in X-CSRF-Token.',
  },

  // accounts
  login_taken: { kind: 'already_exists', title: 'Login taken', message: 'The login is taken.' },
  wrong_credentials: {
    kind: 'unauthenticated',
    title: 'Wrong login or password',
    message: 'The login or the password is wrong.',
  },
  refresh_token_invalid: {
    kind: 'unauthenticated',
    title: 'Refresh token not valid',
    message: 'The refresh token is not valid any more.',
  },
  user_not_found: { kind: 'not_found', title: 'User not found', message: 'No such user.' },
  last_admin: {
    kind: 'failed_precondition',
    title: 'Last admin of the shop',
    message: 'The shop would have no admin any more.',
  },
  session_not_found: { kind: 'not_found', title: 'Session not found', message: 'No such session.' },
  provider_not_found: {
    kind: 'not_found',
    title: 'Sign-in provider not found',
    message: 'No such sign-in provider.',
  },
  sign_in_failed: {
    kind: 'unauthenticated',
    title: 'Sign-in failed',
    message: 'The provider did not confirm who signs in.',
  },

  // billing
  insufficient_funds: {
    kind: 'failed_precondition',
    title: 'Not enough money',
    rest: 402,
    message: 'There is not enough money in the wallet.',
  },
  hold_not_found: { kind: 'not_found', title: 'No money held', message: 'No money is held for the order.' },
  hold_closed: {
    kind: 'failed_precondition',
    title: 'Hold called off',
    message: 'The hold for the order was called off.',
  },
  hold_captured: {
    kind: 'failed_precondition',
    title: 'Money charged already',
    message: 'The money for the order was charged already.',
  },
  hold_differs: {
    kind: 'already_exists',
    title: 'Order has another hold',
    message: 'The order has its hold already, of another user or amount.',
  },
  top_up_needs_provider: {
    kind: 'failed_precondition',
    title: 'No payment provider for top-ups',
    message: 'A wallet is topped up by a payment, and no payment provider is set up.',
  },
  wallet_full: {
    kind: 'failed_precondition',
    title: 'Wallet full',
    message: 'The wallet would hold more than it may.',
  },

  // delivery
  delivery_refused: {
    kind: 'failed_precondition',
    title: 'Delivery not possible',
    message: 'It cannot be delivered as asked.',
  },
  delivery_closed: {
    kind: 'failed_precondition',
    title: 'Delivery called off',
    message: 'The delivery of the order was called off.',
  },
  delivery_differs: {
    kind: 'already_exists',
    title: 'Order has another shipment',
    message: 'The order has its shipment already, of another user.',
  },
  delivery_under_way: {
    kind: 'failed_precondition',
    title: 'Order on its way already',
    message: 'The order is on its way already.',
  },
  shipment_not_ready: {
    kind: 'failed_precondition',
    title: 'Shipment cannot leave yet',
    message: 'The shipment cannot leave now.',
  },
  shipment_not_sent: {
    kind: 'failed_precondition',
    title: 'Shipment not on its way',
    message: 'The shipment is not on its way.',
  },
  shipment_not_found: { kind: 'not_found', title: 'Shipment not found', message: 'No such shipment.' },

  // catalog
  bad_token: {
    kind: 'unauthenticated',
    title: 'Wrong catalogue token',
    message: 'The token is not the one that the catalogue knows.',
  },
  product_not_found: { kind: 'not_found', title: 'Product not found', message: 'No such product.' },
  product_id_conflict: {
    kind: 'already_exists',
    title: 'Product id not free',
    message: 'A product keeps its id, and no two products share one.',
  },
  sku_taken: { kind: 'already_exists', title: 'SKU taken', message: 'The SKU is on sale already.' },

  // loms
  order_not_found: { kind: 'not_found', title: 'Order not found', message: 'No such order.' },
  order_not_payable: {
    kind: 'failed_precondition',
    title: 'Order cannot be paid',
    message: 'The order cannot be paid in its status.',
  },
  order_not_cancellable: {
    kind: 'failed_precondition',
    title: 'Order cannot be cancelled',
    message: 'The order cannot be cancelled in its status.',
  },
  status_not_reachable: {
    kind: 'failed_precondition',
    title: 'Order cannot come to that status',
    message: 'The order cannot come to that status from the one that it is in.',
  },
  insufficient_stock: {
    kind: 'failed_precondition',
    title: 'Not enough stock',
    message: 'There is not enough stock.',
  },
  sku_not_found: { kind: 'not_found', title: 'SKU never in stock', message: 'The SKU was never in stock.' },
  checkout_expired: {
    kind: 'failed_precondition',
    title: 'Checkout came too late',
    message: 'The checkout came too late to become an order.',
  },

  total_changed: {
    kind: 'failed_precondition',
    title: 'Total has changed',
    message: 'The order comes to another total than was expected.',
  },
  reservation_conflict: {
    kind: 'failed_precondition',
    title: 'Pieces not reserved for the order',
    message: 'The order does not wait for these pieces.',
  },
  warehouse_not_found: { kind: 'not_found', title: 'Warehouse not found', message: 'No such warehouse.' },

  // cart
  unknown_sku: {
    kind: 'failed_precondition',
    title: 'SKU not on sale',
    message: 'The catalogue does not sell this SKU.',
  },
  cart_line_not_found: {
    kind: 'not_found',
    title: 'SKU not in the cart',
    message: 'The SKU is not in the cart.',
  },
  cart_full: { kind: 'failed_precondition', title: 'Cart full', message: 'A cart holds at most 100 lines.' },
  count_too_large: {
    kind: 'failed_precondition',
    title: 'Too many pieces in a cart line',
    message: 'A cart line holds at most 65,535 pieces.',
  },
  cart_total_too_large: {
    kind: 'failed_precondition',
    title: 'Cart total too large',
    message: 'The total of the cart would pass 4,294,967,295 minor units.',
  },
  cart_empty: { kind: 'failed_precondition', title: 'Cart empty', message: 'The cart is empty.' },
  total_out_of_range: {
    kind: 'out_of_range',
    title: 'Total too large to tell',
    message: 'The total is larger than this surface can tell.',
  },
  catalog_unavailable: {
    kind: 'unavailable',
    title: 'Catalogue not available',
    message: 'The catalogue does not answer; try again.',
  },
  stock_unavailable: {
    kind: 'unavailable',
    title: 'Stock not available',
    message: 'Stock cannot be asked at the moment; try again.',
  },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof errors

/** A refusal: a code of the catalogue and what the caller may be told about it. */
export type DomainError = {
  readonly code: ErrorCode
  /** Extension members of the problem document; JSON values only. */
  readonly details?: Readonly<Record<string, unknown>>
}

export type Ok<T> = { readonly ok: true; readonly value: T }
export type Failure = { readonly ok: false; readonly error: DomainError }
export type Result<T> = Ok<T> | Failure

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value }
}

export function fail(code: ErrorCode, details?: Readonly<Record<string, unknown>>): Failure {
  return { ok: false, error: details === undefined ? { code } : { code, details } }
}

/** What a schema cannot say was not so: `path` is a JSON Pointer into the body. */
export function invalidAt(path: string, message: string): Failure {
  return fail('invalid_argument', { errors: [{ path, message }] })
}

/** The catalogue's row for a code. */
export function errorEntry(code: ErrorCode): Entry {
  return errors[code]
}

const transientKinds: readonly ErrorKind[] = [
  'unavailable',
  'resource_exhausted',
  'deadline_exceeded',
  'internal',
  'aborted',
]

/** "Not now", which is no answer: the same may be asked again, and is not remembered as refused. */
export function isTransient({ code }: Pick<DomainError, 'code'>): boolean {
  return transientKinds.includes(errorEntry(code).kind)
}

/** True for a code of the catalogue: what comes from another service may be newer than we are. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code)
}
