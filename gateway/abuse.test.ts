//! Visitors who mean no good, as bytes on a socket: what arrives at a service is one request that the table allows, or nothing.
import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { openDoor, startEcho, until } from './fixture.ts'

test('however many send slowly, the door is soon open again to whoever does not', async () => {
  await using accounts = startEcho('accounts')
  await using door = openDoor({
    upstreams: { accounts, catalog: accounts },
    env: { HTTP_IN_FLIGHT_MAX: '64', REQUEST_TIMEOUT_MS: '20000', GATEWAY_ADDRESS_SIGN_INS_PER_MINUTE: '0' },
  })
  const begun = 'POST /api/v1/login HTTP/1.1\r\nHost: shop\r\nContent-Length: 20\r\n\r\n{'
  const statuses: string[] = []
  const slow = Array.from({ length: 100 }, () => {
    const socket = connect(door.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('data', (data) => statuses.push(data.toString('latin1', 9, 12)))
    socket.write(begun)
    return socket
  })
  const ask = async () => (await door.ask('GET', '/api/v1/products')).status
  // So many had no place.
  await until(() => statuses.length === 36)
  expect(await ask()).toBe(503)
  await until(async () => (await ask()) === 200)
  expect(accounts.arrived.filter(({ method }) => method === 'POST')).toEqual([])
  expect(new Set(statuses)).toEqual(new Set(['408', '503']))
  for (const socket of slow) socket.destroy()
})
