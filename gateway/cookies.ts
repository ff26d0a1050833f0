//! The cookies that the gateway knows: the session, which accounts sets, and the token against forged requests beside it.

export const sessionCookie = 'session_id'
/** Read by the page's script and sent back in X-CSRF-Token. */
export const csrfCookie = 'csrf_token'

const sessionPattern = /^[A-Za-z0-9._~+/=-]{1,256}$/

/** The session in a Cookie header: the first of that name, as accounts reads it. What cannot be one is none. */
export function sessionIn(cookies: string | null): string | undefined {
  const session = cookies === null ? undefined : cookieIn(cookies, sessionCookie)
  return session !== undefined && sessionPattern.test(session) ? session : undefined
}

function cookieIn(cookies: string, name: string): string | undefined {
  const start = `${name}=`
  for (const part of cookies.split(';')) {
    const pair = part.trim()
    if (pair.startsWith(start)) return pair.slice(start.length)
  }
  return undefined
}

/** What an answer of accounts does with the session: its new value, empty where it is taken away; else undefined. */
export function sessionSetBy(cookies: readonly string[]): string | undefined {
  const last = cookies.findLast((cookie) => cookie.startsWith(`${sessionCookie}=`))
  return last?.slice(sessionCookie.length + 1).split(';')[0]
}

/**
 * The session's cookie lives as long and goes to the same paths; only scripts may read this one.
 */
export function csrfCookieBeside(cookies: readonly string[], token: string): string {
  const session = cookies.findLast((cookie) => cookie.startsWith(`${sessionCookie}=`)) ?? ''
  const attributes = session
    .split(';')
    .slice(1)
    .map((attribute) => attribute.trim())
    .filter((attribute) => attribute !== '' && attribute.toLowerCase() !== 'httponly')
  return [`${csrfCookie}=${token}`, ...attributes].join('; ')
}

/** Over TLS no cookie of ours is ever sent without it. */
export function secured(cookie: string): string {
  return /;\s*secure\s*(;|$)/i.test(cookie) ? cookie : `${cookie}; Secure`
}
