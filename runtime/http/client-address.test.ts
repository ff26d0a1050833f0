//! Whom a call is counted to: the peer, and whom a proxy names only where the proxy is one of ours.
import { afterEach, describe, expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { ok } from '../../contracts/errors.ts'
import type { Listening } from '../http.ts'
import { clientAddress } from './client-address.ts'
import { service, testHttp } from './testing.ts'

describe('who asks', () => {
  const proxies = new Set(['127.0.0.1', '2001:db8::80'])

  test.each([
    ['whom a proxy of ours names', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['by IPv6 too', '2001:db8::80', '2001:db8::7', '2001:db8::7'],
    ['whom it names last', '127.0.0.1', '1.2.3.4, 203.0.113.7', '203.0.113.7'],
    ['in brackets', '127.0.0.1', '[2001:DB8::1]', '2001:db8::1'],
    ['as IPv4 in IPv6', '127.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    ['a stranger who names somebody', '198.51.100.1', '203.0.113.7', '198.51.100.1'],
    ['a stranger who names our proxy', '198.51.100.1', '127.0.0.1', '198.51.100.1'],
    ['a neighbour of our proxy', '127.0.0.2', '203.0.113.7', '127.0.0.2'],
    ['the proxy, where it names nobody', '127.0.0.1', '', '127.0.0.1'],
    ['the proxy, where its own entry is empty', '127.0.0.1', '203.0.113.7,', '127.0.0.1'],
    ['the proxy, where it names no address', '127.0.0.1', 'localhost', '127.0.0.1'],
    ['the proxy, where it names four numbers', '127.0.0.1', '1.2.3.400', '127.0.0.1'],
    ['the proxy, where it names a port as well', '127.0.0.1', '203.0.113.7:80', '127.0.0.1'],
    ['the proxy, where it names a user', '127.0.0.1', 'user:7', '127.0.0.1'],
  ])('%s', (_, peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, proxies)).toBe(expected)
  })

  test('nobody is believed where nobody is named', () => {
    for (const none of [undefined, new Set<string>()])
      expect(clientAddress('127.0.0.1', '203.0.113.7', none)).toBe('127.0.0.1')
  })
})

describe('over a socket', () => {
  let door: Listening | undefined
  afterEach(async () => door?.close(0))

  /** A service that tells what it knows of its caller. */
  function open(trustedProxies?: ReadonlySet<string>) {
    const { http } = testHttp(trustedProxies === undefined ? {} : { trustedProxies })
    http.get('/api/v1/who', {
      summary: 'Who asks',
      guard: 'open',
      reply: Type.Object({ caller: Type.String(), address: Type.String() }),
      run: async ({ caller }, { address }) => ok({ caller, address: address() ?? 'none' }),
    })
    const listening = http.listen({ host: '127.0.0.1', port: 0 })
    door = listening
    return async (headers: [string, string][]) =>
      await (await fetch(`${listening.url}/api/v1/who`, { headers })).json()
  }

  test('behind a proxy of ours the caller is whom it names, however often the header is sent', async () => {
    const ask = open(new Set(['127.0.0.1']))
    const named = { caller: 'address:203.0.113.7', address: '203.0.113.7' }
    expect(await ask([['x-forwarded-for', '203.0.113.7']])).toEqual(named)
    const twice: [string, string][] = [
      ['x-forwarded-for', '198.51.100.1'],
      ['x-forwarded-for', '203.0.113.7'],
    ]
    expect(await ask(twice)).toEqual(named)
    expect(await ask([])).toEqual({ caller: 'address:127.0.0.1', address: '127.0.0.1' })
  })

  test('from anybody else the header is noise', async () => {
    const self = { caller: 'address:127.0.0.1', address: '127.0.0.1' }
    for (const proxies of [undefined, new Set<string>(), new Set(['192.0.2.1'])]) {
      const ask = open(proxies)
      for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-client-ip'])
        expect(await ask([[name, name === 'forwarded' ? 'for=203.0.113.7' : '203.0.113.7']])).toEqual(self)
      await door?.close(0)
      door = undefined
    }
  })

  test('whoever has shown who they are is not an address, whatever is named', async () => {
    const { http } = testHttp({ trustedProxies: new Set(['127.0.0.1']) })
    http.get('/api/v1/who', {
      summary: 'Who asks',
      guard: 'admin',
      reply: Type.Object({ caller: Type.String() }),
      run: async ({ caller }) => ok({ caller }),
    })
    door = http.listen({ host: '127.0.0.1', port: 0 })
    const headers = { ...service, 'x-forwarded-for': '203.0.113.7' }
    const told = await fetch(`${door.url}/api/v1/who`, { headers })
    expect(await told.json()).toEqual({ caller: 'service' })
  })

  test('what is open to this machine is open to the peer alone: nobody is let in by a name', async () => {
    const { http } = testHttp({ trustedProxies: new Set(['127.0.0.1']) })
    door = http.listen({ host: '127.0.0.1', port: 0 })
    const told = await fetch(`${door.url}/metrics`, { headers: { 'x-forwarded-for': '203.0.113.7' } })
    expect(told.status).toBe(200)
  })
})
