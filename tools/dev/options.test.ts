//! Flags, settings, and what they default to.
import { expect, test } from 'bun:test'
import { parseOptions } from './options.ts'
import { addressOf } from './services.ts'

test('settings have the documented defaults', () => {
  expect(parseOptions([], {}, '/shop')).toEqual({
    help: false,
    dataDir: '/shop/.data',
    fresh: false,
    seed: true,
    nats: { port: 4222 },
  })
  expect(addressOf('loms', {})).toEqual({ name: 'loms', host: '127.0.0.1', httpPort: 8081, grpcPort: 9081 })
  expect(addressOf('notifier', {})).toEqual({ name: 'notifier', host: '127.0.0.1', httpPort: 8087 })
})

test('settings are read from flags first, then from the environment', () => {
  const env = { DATA_DIR: '/env', NATS_PORT: '4333', LOMS_HTTP_PORT: '18081', LOMS_HOST: '0.0.0.0' }
  const options = parseOptions(['--data', '/flag', '--fresh', '--no-seed'], env, '/shop')
  expect(options).toEqual({ help: false, dataDir: '/flag', fresh: true, seed: false, nats: { port: 4333 } })
  expect(parseOptions([], { ...env, NATS_URL: 'nats://there:1' }, '/shop').nats).toEqual({
    url: 'nats://there:1',
  })
  expect(addressOf('loms', env)).toEqual({
    name: 'loms',
    host: '127.0.0.1',
    httpPort: 18_081,
    grpcPort: 9081,
  })
})

test.each(['abc', '0', '65536', '80.5', '-1'])(
  'refuse %s as a port, with the name of the setting',
  (port) => {
    expect(() => addressOf('loms', { LOMS_HTTP_PORT: port })).toThrow('LOMS_HTTP_PORT')
  },
)
