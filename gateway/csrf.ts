//! Keeps pages of other sites from acting in the name of whoever is signed in by cookie.
// After OWASP's Cross-Site Request Forgery Prevention Cheat Sheet: Fetch Metadata with Origin in its place where a browser
// sends none, and a token bound to the session by HMAC (its "signed double-submit cookie") beside it.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

export const changesState = (method: string): boolean => !safeMethods.has(method)

/**
 * Whether the page that asks may: one of ours, one that may call from elsewhere, or no page at all. Programs that are no
 * browsers send neither header, and carry nobody's cookies against their will.
 */
export function isFromOurPages(
  headers: Headers,
  own: { readonly proto: string },
  corsOrigins: ReadonlySet<string>,
): boolean {
  const origin = headers.get('origin')
  if (origin !== null && corsOrigins.has(origin)) return true
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || site === 'none'
  if (origin === null) return true
  const host = headers.get('host')
  return host !== null && origin === `${own.proto}://${host}`
}

/**
 * The header that carries the token, to us and from us: a page of another host cannot read our cookie, and reads this
 * where the settings let it. No other page can, since nobody else is shown the headers of our answers.
 */
export const csrfHeader = 'x-csrf-token'

const nonceBytes = 16
const tokenPattern = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{22}$/

/** A token of this session; each is another, and all are good as long as the session is. */
export function csrfToken(secret: string, session: string): string {
  const nonce = randomBytes(nonceBytes).toString('base64url')
  return `${macOf(secret, session, nonce)}.${nonce}`
}

export function isCsrfToken(secret: string, session: string, token: string | null): boolean {
  if (token === null || !tokenPattern.test(token)) return false
  const [mac = '', nonce = ''] = token.split('.')
  return timingSafeEqual(Buffer.from(mac), Buffer.from(macOf(secret, session, nonce)))
}

/** Lengths go first, so that no two pairs are one text. */
function macOf(secret: string, session: string, nonce: string): string {
  const message = `${session.length}!${session}!${nonce.length}!${nonce}`
  return createHmac('sha256', secret).update(message).digest('base64url')
}
