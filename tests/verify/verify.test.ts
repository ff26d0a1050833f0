//! `bun run verify` finds what it is there to find: every rule is broken once in a copy of good data, by one statement.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cp, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as billing from '../../billing/consumers.ts'
import * as delivery from '../../delivery/consumers.ts'
import * as loms from '../../loms/consumers.ts'
import * as notifier from '../../notifier/consumers.ts'
import { movedName } from '../../runtime/store/moved.ts'
import { readings } from '../../tools/verify/readings.ts'
import { rules } from '../../tools/verify/rules.ts'
import { runVerify } from '../../tools/verify/run.ts'
import { type GoodData, makeGoodData } from './good-data.ts'
import type { Scan } from './plans.ts'
import { type Spoil, spoils } from './spoils.ts'

let good: GoodData
beforeAll(async () => {
  good = await makeGoodData()
}, 60_000)
afterAll(() => good[Symbol.asyncDispose]())

const unguardedLedger = `
  DROP INDEX one_of_a_kind_per_order;
  DROP TRIGGER transactions_no_update; DROP TRIGGER transactions_no_delete;
  DROP TRIGGER entries_no_update; DROP TRIGGER entries_no_delete;`

/** The good data with one statement run on it, and what is made of it then. */
async function withSpoiled<T>(
  { in: service, sql }: Spoil,
  look: (dataDir: string) => Promise<T>,
): Promise<T> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-spoiled-'))
  try {
    await cp(good.dataDir, dataDir, { recursive: true })
    const file = new Database(join(dataDir, `${service}.sqlite`))
    // The database's own checks would not let it in; they are the first line, and this is the second.
    file.exec('PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON')
    if (service === 'cart') file.exec('DROP INDEX one_open_checkout_per_user')
    if (service === 'billing') file.exec(unguardedLedger)
    const { changes } = file.run(sql)
    file.close()
    expect(changes).toBeGreaterThan(0)
    return await look(dataDir)
  } finally {
    await rm(dataDir, { recursive: true })
  }
}

describe('good data', () => {
  for (const mode of ['settled', 'stopped', 'live'] as const) {
    test(`holds, looked at as ${mode}`, async () => {
      const { ok, output } = await runVerify({ dataDir: good.dataDir, mode })
      expect(output).toContain('rules hold')
      expect(ok).toBe(true)
    })
  }

  test('is known to be stopped, and has something of everything in it', async () => {
    const { output, counts } = await runVerify({ dataDir: good.dataDir })
    expect(output).toStartWith('data of a stopped system')
    expect(counts).toMatchObject({
      'orders pending': 4,
      'orders confirmed': 5,
      'orders delivered': 1,
      'orders cancelled': 4,
      'orders failed': 4,
      'reservations expired': 1,
      'checkouts placed': 4,
      'checkouts refused': 1,
      'checkouts abandoned': 1,
      'notifier ← loms: heard, dead': 1,
      'notifier ← loms: heard, parked': 1,
      'notifier ← loms: of strangers': 1,
      'loms ← catalog: heard, dead': 1,
      'loms ← billing: heard, dead': 1,
      'loms ← billing: heard, order_not_payable': 1,
      'loms ← delivery: heard, dead': 1,
      'billing ← accounts: heard, dead': 1,
      'billing ← loms: heard, parked': 1,
      'delivery ← loms: heard, parked': 1,
      'sagas done': 3,
      'sagas undone': 2,
      'shipments queued': 1,
      'shipments received': 1,
      'shipments cancelled': 1,
      'shipments refused': 1,
      accounts: 2,
    })
    // A fact a version, but for the one that is parked; and of parcels the steps that customers are told.
    const of = (announcer: string) => counts[`notifier ← ${announcer}: facts`] ?? 0
    const shipmentsTold = 3
    expect(counts.notices).toBe(of('loms') - 1 + of('accounts') + of('billing') + shipmentsTold)
  })

  test('is looked at by rules that take as long as there is data, and not as long as its square', async () => {
    // A process of its own, as verify is.
    const child = Bun.spawn(
      [process.execPath, '--no-env-file', join(import.meta.dir, 'plans.ts'), good.dataDir],
      { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' },
    )
    const scans = JSON.parse(await child.stdout.text()) as Scan[]
    expect(scans).toEqual([])
  })

  test('is as it was after it was looked at', async () => {
    const digest = async () => {
      const names = (await readdir(good.dataDir)).filter((name) => !name.endsWith('-shm')).sort()
      const hasher = new Bun.CryptoHasher('sha256')
      for (const name of names) hasher.update(await Bun.file(join(good.dataDir, name)).bytes())
      return hasher.digest('hex')
    }
    const before = await digest()
    await runVerify({ dataDir: good.dataDir })
    expect(await digest()).toBe(before)
  })
})

describe('noticed:', () => {
  for (const spoil of spoils) {
    test.concurrent(`${spoil.breaks} (${spoil.in}: ${spoil.sql.replace(/\s+/g, ' ').trim().slice(0, 60)}…)`, async () => {
      const { mode = 'settled' } = spoil
      const { ok, output, broken } = await withSpoiled(spoil, (dataDir) => runVerify({ dataDir, mode }))
      expect(ok).toBe(false)
      expect(broken).toContain(spoil.breaks)
      expect(output).toContain(`: ${spoil.breaks}\n  {`)
    })
  }

  test('every rule is broken by something here', () => {
    expect([...new Set(spoils.map(({ breaks }) => breaks))].sort()).toEqual(
      rules.map(({ says }) => says).sort(),
    )
  })
})

test('what readers act on is what their handlers are for', () => {
  // Handlers are made, and none of them is run.
  const deps = {} as never
  const handlers: Record<string, readonly { event: { type: string } }[]> = {
    'notifier ← loms': notifier.lomsFacts(deps),
    'notifier ← accounts': notifier.accountsFacts(deps),
    'notifier ← billing': notifier.billingFacts(deps),
    'notifier ← delivery': notifier.deliveryFacts(deps),
    'loms ← catalog': loms.catalogFacts,
    'loms ← billing': loms.billingFacts(deps),
    'loms ← delivery': loms.deliveryFacts(deps),
    'billing ← accounts': billing.accountsFacts(deps),
    'billing ← loms': billing.lomsFacts(deps),
    'delivery ← loms': delivery.lomsFacts(deps),
  }
  const actual = Object.entries(handlers).map(([name, each]) => [
    name,
    each.map(({ event }) => event.type).sort(),
  ])
  const known = readings.map(({ reader, announcer, types }) => [
    `${reader} ← ${announcer}`,
    [...types].sort(),
  ])
  expect(Object.fromEntries(known)).toEqual(Object.fromEntries(actual))
})

describe('the command', () => {
  const program = resolve(import.meta.dir, '../../tools/verify.ts')
  const run = async (...args: string[]) => {
    const child = Bun.spawn([process.execPath, program, ...args], { stdout: 'pipe', stderr: 'pipe' })
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()])
    return { code: await child.exited, out, err }
  }

  test('ends with 0 and a table where all holds', async () => {
    const { code, out } = await run('--data', good.dataDir)
    expect(code).toBe(0)
    expect(out).toMatch(/^I1 +\d+ +0 {2}what is on hand is what came/m)
    expect(out).toMatch(/all of \d+ rules hold/)
  })

  test('ends with 1 where a rule is broken, and names it with the rows that break it', async () => {
    const [spoil] = spoils
    if (spoil === undefined) throw new Error('nothing is spoiled')
    const { code, out } = await withSpoiled(spoil, (dataDir) => run('--data', dataDir, '--settled'))
    expect(code).toBe(1)
    expect(out).toContain(`BROKEN I1: ${spoil.breaks}\n  {"tenant_id":"default","sku":2001,"warehouse_id":1,`)
    expect(out).toMatch(/^\d+ of \d+ rules hold/m)
  })

  test('has something to look at for every rule', async () => {
    const reports = await Promise.all(
      ['--settled', '--stopped', '--live'].map(async (mode) => {
        const { out } = await run('--data', good.dataDir, mode, '--json')
        return JSON.parse(out) as { findings: { says: string; lookedAt: number }[] }
      }),
    )
    const about = reports.flatMap(({ findings }) => findings)
    expect(about.filter(({ lookedAt }) => lookedAt === 0).map(({ says }) => says)).toEqual([])
    expect(new Set(about.map(({ says }) => says)).size).toBe(rules.length)
  })

  test('ends with 2 where there is nothing to look at, and says so', async () => {
    const { code, err } = await run('--data', join(good.dataDir, 'nowhere'))
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('there is no data of a shop in') })
  })

  test.each([
    [['accounts'], 2, 'there is data of accounts only'],
    [['loms'], 2, 'there is data of loms only'],
    [['notifier', 'cart', 'delivery', 'billing', 'catalog', 'accounts'], 2, 'without that of loms'],
    [['loms', 'catalog'], 0, ''],
  ] as const)('of %p alone ends with %d', async (services, code, says) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-partial-'))
    for (const service of services)
      await cp(join(good.dataDir, `${service}.sqlite`), join(dataDir, `${service}.sqlite`))
    const ended = await run('--data', dataDir)
    await rm(dataDir, { recursive: true })
    expect(ended).toMatchObject({ code, err: expect.stringContaining(says) })
  })

  test('ends with 2 where a service’s data was moved to a database that it is not told of', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'kiosk-moved-'))
    await cp(good.dataDir, dataDir, { recursive: true })
    const path = join(dataDir, 'billing.sqlite')
    await rename(path, movedName(path, new Date()))
    const { code, err } = await run('--data', dataDir)
    await rm(dataDir, { recursive: true })
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('BILLING_DATABASE_URL must say') })
  })

  test('ends with 2 where it does not understand what it is told', async () => {
    expect((await run('--live', '--stopped')).code).toBe(2)
  })
})
