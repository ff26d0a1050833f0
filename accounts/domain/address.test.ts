//! Whose call it is, and how far a neighbourhood goes.
import { describe, expect, test } from 'bun:test'
import { callerOf, rangeOf } from './address.ts'

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
