//! What the routes of accounts need beside the operations' own: how cookies are set, who stands before us, where one goes next.
import type { Call } from '../../runtime/call.ts'
import type { HttpRequest } from '../../runtime/http.ts'
import type { CookieOptions } from '../cookies.ts'
import { clientAddress } from '../domain/address.ts'

export type Doors = {
  readonly cookies: CookieOptions
  /** Addresses whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: ReadonlySet<string>
  /** Where a browser goes after a sign-in with a provider; undefined: the tokens are the answer. */
  readonly returnUrl: string | undefined
}

/** Who asks, for what is counted per address. */
export function addressOf(doors: Doors, call: Call, request: HttpRequest<unknown, unknown>): string {
  const isProxy = (address: string) => doors.trustedProxies.has(address)
  return clientAddress(request.address() ?? call.caller, request.headers.get('x-forwarded-for'), isProxy)
}
