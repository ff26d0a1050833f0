//! Who asks, seen from the door: the peer, or whom a proxy that we trust names in its place.
import { isIP } from 'node:net'

export type Origin = { readonly address: string; readonly proto: 'http' | 'https' }

/**
 * Of the addresses in X-Forwarded-For the last that is none of our proxies': those before it may be anybody's invention.
 * From anybody else the headers are noise.
 */
export function originOf(peer: string | undefined, headers: Headers, trusted: ReadonlySet<string>): Origin {
  if (peer === undefined) return { address: 'unknown', proto: 'http' }
  if (!trusted.has(peer)) return { address: peer, proto: 'http' }
  const named = (headers.get('x-forwarded-for') ?? '').split(',').map((part) => plain(part.trim()))
  const before = named.findLast((address) => !trusted.has(address))
  return {
    address: before !== undefined && isIP(before) !== 0 ? before : peer,
    proto: headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim() === 'https' ? 'https' : 'http',
  }
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** What is counted as one caller: an IPv4 address, or the /64 that a single line is given of IPv6. */
export function callerOf(address: string): string {
  if (isIP(address) !== 6) return address
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`
}

/** The groups of an IPv6 address, written one way: small letters, no leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = address.toLowerCase().replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const between = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  return [...before, ...between, ...after].map((group) => group.replace(/^0+(?=.)/, ''))
}
