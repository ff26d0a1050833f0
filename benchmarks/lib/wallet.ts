//! Buyers with accounts and wallets: signed in, with money, for as long as a benchmark takes.
import type { TestSystem } from '../../tests/harness/system.ts'
import { Connection, type Reply } from './connection.ts'
import { expectOk } from './shop.ts'

const password = 'correct horse battery staple'
const topUps = 5
const topUpAmount = '100000.00'

/** One load generator is all buyers, from one address. */
export const withoutLimits = {
  GATEWAY_ADDRESS_REQUESTS_PER_MINUTE: '10000000',
  GATEWAY_ACCOUNT_REQUESTS_PER_MINUTE: '10000000',
} as const

export type Purse = {
  /** The header line that says whose it is; its token lives 15 minutes. */
  readonly bearer: string
  signIn(): Promise<void>
  /** More than can be spent in a minute. */
  topUp(): Promise<void>
}

function expectStatus(what: string, { status, body }: Reply, expected: number): Record<string, unknown> {
  if (status !== expected) throw new Error(`${what} was answered ${status}: ${body}`)
  return JSON.parse(body)
}

/** An account with a session and money. */
async function newPurse(system: TestSystem, index: number): Promise<Purse> {
  const who = { login: `buyer${index}`, password }
  const asking = async (service: string, ask: (connection: Connection) => Promise<void>) => {
    const connection = await Connection.open(system.url(service))
    await ask(connection)
    connection.close()
  }
  let bearer = ''
  const purse = {
    get bearer() {
      return bearer
    },
    signIn: () =>
      asking('accounts', async (accounts) => {
        const { access_token } = expectStatus('login', await accounts.post('/api/v1/login', who), 200)
        bearer = `Authorization: Bearer ${access_token}\r\n`
      }),
    topUp: () =>
      asking('billing', async (billing) => {
        for (let count = 0; count < topUps; count += 1)
          expectOk('top-up', await billing.post('/api/v1/account', { amount: topUpAmount }, bearer))
      }),
  }
  await asking('accounts', async (accounts) => {
    expectStatus('register', await accounts.post('/api/v1/register', who), 201)
  })
  await purse.signIn()
  await purse.topUp()
  return purse
}

/** A few at a time: passwords are hashed one after the other. */
export async function pursesOf(system: TestSystem, count: number): Promise<readonly Purse[]> {
  const purses: Purse[] = []
  while (purses.length < count) {
    const next = Array.from({ length: Math.min(4, count - purses.length) }, (_, index) => index)
    purses.push(...(await Promise.all(next.map((index) => newPurse(system, purses.length + index)))))
  }
  return purses
}
