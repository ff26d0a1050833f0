//! nats-users.conf on a real server: each service says, asks and hears what it is there for, and nothing else.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect as connectTcp } from 'node:net'
import { jetstreamManager } from '@nats-io/jetstream'
import { inboxPrefixOf } from '../../runtime/nats.ts'
import { findEvents, findRpcMethods } from '../../tools/generate/contracts.ts'
import { natsUsers } from '../../tools/generate/nats-users.ts'
import { operator, reach } from '../../tools/nats/reach.ts'
import { startNatsServer, type TestNats } from '../harness/nats.ts'

/** By hand, beside what is made from the code: who may do more than before is seen here. */
const roles: Record<string, { says: string[]; asks: string[]; reads: string[]; isAsked: boolean }> = {
  accounts: { says: ['user'], asks: [], reads: ['ACCOUNTS'], isAsked: true },
  billing: {
    says: ['payment', 'wallet'],
    asks: ['loms.v1.GetOrderState'],
    reads: ['BILLING', 'ACCOUNTS', 'LOMS'],
    isAsked: true,
  },
  cart: {
    says: [],
    asks: [
      'catalog.v1.GetProducts',
      'catalog.v1.GetSkus',
      'loms.v1.GetAvailable',
      'loms.v1.PlaceCheckout',
      'loms.v1.SettleCheckout',
    ],
    reads: [],
    isAsked: false,
  },
  catalog: { says: ['product'], asks: [], reads: ['CATALOG'], isAsked: true },
  delivery: { says: ['shipment'], asks: ['loms.v1.ShipOrder'], reads: ['DELIVERY', 'LOMS'], isAsked: true },
  gateway: { says: [], asks: ['accounts.v1.ExchangeSession'], reads: [], isAsked: false },
  loms: {
    says: ['order', 'stock'],
    asks: [
      'billing.v1.CaptureHold',
      'billing.v1.HoldFunds',
      'billing.v1.VoidHold',
      'delivery.v1.CancelDelivery',
      'delivery.v1.MakeDelivery',
    ],
    reads: ['LOMS', 'BILLING', 'CATALOG', 'DELIVERY'],
    isAsked: true,
  },
  notifier: { says: [], asks: [], reads: ['ACCOUNTS', 'BILLING', 'DELIVERY', 'LOMS'], isAsked: false },
}
const own: Record<string, string> = {
  accounts: 'ACCOUNTS',
  billing: 'BILLING',
  catalog: 'CATALOG',
  delivery: 'DELIVERY',
  loms: 'LOMS',
}

let nats: TestNats
beforeAll(async () => {
  nats = await startNatsServer({ hasUsers: true })
}, 30_000)
afterAll(() => nats.stop())

/** What the server lets the user do of what it tries: to publish to each subject, and to listen at each. */
async function allowed(user: string, subjects: readonly string[]) {
  const { username, password } = new URL(nats.urlOf(user))
  const socket = connectTcp({ host: '127.0.0.1', port: nats.port })
  let said = ''
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the server closed: ${said.slice(-200)}`)))
    socket.on('data', (chunk) => {
      said += chunk.toString()
      if (said.includes('PONG')) resolve()
    })
  })
  const about = { verbose: false, user: username, pass: decodeURIComponent(password), headers: true }
  socket.write(`CONNECT ${JSON.stringify(about)}\r\n`)
  for (const [index, subject] of subjects.entries())
    socket.write(`PUB ${subject} 0\r\n\r\nSUB ${subject} ${index}\r\n`)
  socket.write('PING\r\n')
  await answered.finally(() => socket.destroy())
  const refused = (what: string) =>
    new Set(
      [...said.matchAll(new RegExp(`Permissions Violation for ${what} "([^"]+)"`, 'g'))].map(([, s]) => s),
    )
  const [published, listened] = [refused('Publish to'), refused('Subscription to')]
  return {
    publish: subjects.filter((subject) => !published.has(subject)),
    subscribe: subjects.filter((subject) => !listened.has(subject)),
  }
}

async function everySubject(): Promise<readonly string[]> {
  const [events, methods] = await Promise.all([findEvents(), findRpcMethods()])
  const names = [...Object.keys(roles), operator]
  const streams = Object.values(own)
  return [
    ...events.map(({ event }) => event.type),
    ...methods.map(({ subject }) => subject),
    ...names.flatMap((name) => [`${inboxPrefixOf(name)}.some.1`, `admin.${name}.dlq.skip`]),
    'admin.all.dlq.list',
    ...streams.flatMap((name) =>
      ['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'INFO', 'MSG.GET', 'MSG.DELETE', 'SNAPSHOT']
        .map((word) => `STREAM.${word}.${name}`)
        .concat(`CONSUMER.CREATE.${name}`, `CONSUMER.DURABLE.CREATE.${name}.d`, `CONSUMER.DELETE.${name}.d`)
        .concat(`CONSUMER.MSG.NEXT.${name}.d`)
        .map((call) => `$JS.API.${call}`),
    ),
    '$JS.API.STREAM.CREATE.OTHERS',
    '$JS.API.INFO',
    '$SYS.REQ.SERVER.PING',
    'anything.else',
  ]
}

const reading = (stream: string) => [
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.MSG.GET.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.DELETE.${stream}.d`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.d`,
]

describe.each(Object.entries(roles))('%s', (name, { says, asks, reads, isAsked }) => {
  test('may what it is there for, and nothing else', async () => {
    const subjects = await everySubject()
    const stream = own[name]
    const made =
      stream === undefined ? [] : [`$JS.API.STREAM.CREATE.${stream}`, `$JS.API.STREAM.UPDATE.${stream}`]
    const saying = subjects.filter((subject) => says.some((entity) => subject.startsWith(`${entity}.`)))
    const hearing = subjects.filter(
      (subject) =>
        subject.startsWith(`${inboxPrefixOf(name)}.`) ||
        (isAsked && subject.startsWith(`rpc.${name}.`)) ||
        (reads.some((each) => each !== stream) &&
          (subject.startsWith(`admin.${name}.`) || subject.startsWith('admin.all.'))),
    )
    const may = await allowed(name, subjects)
    const asking = asks.map((method) => `rpc.${method}`)
    expect([...may.publish].sort()).toEqual([...saying, ...asking, ...made, ...reads.flatMap(reading)].sort())
    expect([...may.subscribe].sort()).toEqual([...hearing].sort())
  })
})

test('the operator tells no facts, asks for sagas only, and looks after streams and dead letters', async () => {
  const subjects = await everySubject()
  const may = await allowed(operator, subjects)
  const expected = subjects.filter(
    (subject) => /^(admin|\$JS\.API)\./.test(subject) || subject === 'rpc.loms.v1.ListSagas',
  )
  expect([...may.publish].sort()).toEqual([...expected].sort())
  expect(may.subscribe).toEqual([`${inboxPrefixOf(operator)}.some.1`])
})

test('every service has a user, and every user a password', async () => {
  expect((await natsUsers()).map(({ name }) => name).sort()).toEqual([...Object.keys(roles), operator].sort())
  for (const url of [nats.url, nats.urlOf('nobody'), nats.urlOf('loms').replace(/:[^:]*@/, ':wrong@')])
    await expect(reach(url, 'test')).rejects.toThrow('lets in who is in nats-users.conf')
  const connection = await reach(nats.urlOf(operator), 'test')
  expect((await (await jetstreamManager(connection)).getAccountInfo()).streams).toBe(0)
  await connection.close()
})
