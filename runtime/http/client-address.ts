//! Who asks, as an address: the peer of the connection, or whom a proxy of ours names as the one it speaks for.
import { isIP } from 'node:net'
import type { Core } from './served.ts'

/** Undefined without a socket. */
export function clientOf({ deps, addressOf }: Core, request: Request): string | undefined {
  const peer = addressOf(request)
  const forwardedFor = request.headers.get('x-forwarded-for')
  if (peer === undefined || forwardedFor === null) return peer
  return clientAddress(peer, forwardedFor, deps.trustedProxies)
}

/**
 * Only the last entry of the header is written by the proxy; those before it may be anybody's invention. From any other
 * peer, and where that entry is no address, the header is noise.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string,
  proxies: ReadonlySet<string> | undefined,
): string {
  if (proxies?.has(peer) !== true) return peer
  const named = plain(forwardedFor.slice(forwardedFor.lastIndexOf(',') + 1))
  return isIP(named) === 0 ? peer : named
}

/** Small letters, no brackets, and IPv4 as it is. */
const plain = (address: string): string =>
  address
    .trim()
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
