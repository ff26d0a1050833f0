//! Settings that hold addresses: of machines, and of what is fetched.
import { isIP } from 'node:net'

const nobody = 'none'

/** The addresses of a setting, written as a connection names its peer; none where it says `none` or nothing. */
export function addressesIn(text: string | undefined): ReadonlySet<string> {
  const parts = listed(text)
  return new Set(parts.filter((part) => part !== nobody).map(asPeer))
}

/** What is wrong with such a setting. */
export function wrongAddresses(name: string, text: unknown): string[] {
  return listed(text)
    .filter((part) => part !== nobody && isIP(part) === 0)
    .map((part) => `${name} must hold IP addresses, not ${JSON.stringify(part)}`)
}

/** What is wrong with a setting that says where something is fetched from; nothing where it was not read. */
export function wrongUrl(name: string, text: unknown): string[] {
  if (text === undefined) return []
  const url = URL.parse(String(text))
  if (url !== null && /^https?:$/.test(url.protocol)) return []
  return [`${name} must be http://… or https://…, not ${JSON.stringify(text)}`]
}

const listed = (text: unknown): string[] =>
  String(text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** `0:0:0:0:0:0:0:1` is `::1`, and IPv4 in IPv6 is IPv4. */
function asPeer(address: string): string {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  return isIP(plain) === 6 ? (URL.parse(`http://[${plain}]`)?.hostname.slice(1, -1) ?? plain) : plain
}
