//! The cookies of accounts: how they are set, taken away and read.

export const sessionCookie = 'session_id'
/** Ties a sign-in with a provider to the browser that began it. */
export const signInCookie = 'sign_in'
export const signInPath = '/api/v1/oauth'

export type CookieOptions = {
  /** Sent over TLS only; off in development alone. */
  readonly secure: boolean
}

/** `Lax`: other sites can lead a browser to us with it, and cannot have it post anything. */
export function setCookie(
  name: string,
  value: string,
  { secure, path = '/', maxAgeSeconds }: CookieOptions & { path?: string; maxAgeSeconds: number },
): string {
  const age = `Max-Age=${Math.max(0, Math.floor(maxAgeSeconds))}`
  return [
    `${name}=${value}`,
    `Path=${path}`,
    age,
    'HttpOnly',
    'SameSite=Lax',
    ...(secure ? ['Secure'] : []),
  ].join('; ')
}

export const dropCookie = (name: string, options: CookieOptions & { path?: string }): string =>
  setCookie(name, '', { ...options, maxAgeSeconds: 0 })

/** The first of that name: browsers send the most specific first. */
export function cookieOf(headers: Headers, name: string): string | undefined {
  const pairs = headers.get('cookie')?.split(';') ?? []
  const found = pairs.map((pair) => pair.trim()).find((pair) => pair.startsWith(`${name}=`))
  return found?.slice(name.length + 1)
}
