//! What the routes of accounts need beside the operations' own: how cookies are set, who asks, where one goes next.
import type { Call } from '../../runtime/call.ts'
import type { HttpRequest } from '../../runtime/http.ts'
import type { CookieOptions } from '../cookies.ts'

export type Doors = {
  readonly cookies: CookieOptions
  /** Where a browser goes after a sign-in with a provider; undefined: the tokens are the answer. */
  readonly returnUrl: string | undefined
}

/** Who asks, for what is counted per address. */
export function addressOf(call: Call, request: HttpRequest<unknown, unknown>): string {
  return request.address() ?? call.caller
}
