//! Whose call it is, and how far a neighbourhood goes.
import { describe, expect, test } from 'bun:test'
import { callerOf, clientAddress, rangeOf } from './address.ts'

describe('an address', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0:0::/64', '2001:db8:0::/48'],
    ['::1', '0:0:0:0::/64', '0:0:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64', 'fe80:0:0::/48'],
    ['user:7', 'user:7', 'user:7'],
    ['unknown', 'unknown', 'unknown'],
  ])('%s is the caller %s of the neighbourhood %s', (address, caller, range) => {
    expect([callerOf(address), rangeOf(address)]).toEqual([caller, range])
  })
})

describe('who asks', () => {
  const isProxy = (address: string) => address === '127.0.0.1'

  test.each([
    ['without a proxy: the peer', '198.51.100.1', null, '198.51.100.1'],
    ['behind one of ours: whom it names', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    [
      'whom it names last: the rest is the caller’s invention',
      '127.0.0.1',
      '1.2.3.4, 203.0.113.7',
      '203.0.113.7',
    ],
    ['in brackets', '127.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    ['as IPv4 in IPv6', '127.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['by a header of a stranger: the stranger', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['by something that is no address: the proxy', '127.0.0.1', 'localhost', '127.0.0.1'],
    ['by four numbers that are none: the proxy', '127.0.0.1', '1.2.3.400', '127.0.0.1'],
    ['by nothing: the proxy', '127.0.0.1', '', '127.0.0.1'],
  ])('%s', (_, peer, header, expected) => {
    expect(clientAddress(peer, header, isProxy)).toBe(expected)
  })
})
