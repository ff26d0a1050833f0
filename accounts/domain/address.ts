//! Where a caller comes from: what is taken for one caller, and for one household or office.

/** One caller: an IPv4 address, or the /64 that a single line is given of IPv6. What is no address stands for itself. */
export const callerOf = (address: string): string => {
  const groups = isV4(address) ? undefined : groupsOf(address)
  return groups === undefined ? address : `${groups.slice(0, 4).join(':')}::/64`
}

/** The neighbourhood of a caller: the IPv4 /24, or the IPv6 /48. */
export function rangeOf(address: string): string {
  if (isV4(address)) return `${address.split('.').slice(0, 3).join('.')}.0/24`
  const groups = groupsOf(address)
  return groups === undefined ? address : `${groups.slice(0, 3).join(':')}::/48`
}

const plain = (address: string): string => address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')

const octet = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const v4 = new RegExp(`^${octet}(\\.${octet}){3}$`)
const isV4 = (address: string): boolean => v4.test(plain(address))

/** The eight groups without leading zeros; undefined where it is no IPv6 address. */
function groupsOf(address: string): readonly string[] | undefined {
  const [head = '', tail, ...more] = address.toLowerCase().replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const left = 8 - before.length - after.length
  if (more.length > 0 || (tail === undefined ? left !== 0 : left < 1)) return undefined
  const groups = [...before, ...Array<string>(left).fill('0'), ...after]
  return groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))
    ? groups.map((group) => group.replace(/^0+(?=.)/, ''))
    : undefined
}
