//! The runner as people use it: started, stopped, killed, beside another one, in a shop of stand-ins.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stillRunning } from '../tests/harness/gone.ts'
import { freePort } from '../tests/harness/ports.ts'
import { makeScratchShop, type ScratchShop, standIn } from '../tests/harness/scratch.ts'
import { readLines } from './dev/lines.ts'

type Runner = {
  readonly pid: number
  readonly lines: readonly string[]
  readonly exited: Promise<number>
  /** Resolves when a line that matches has been said, after `from` lines. */
  said(pattern: RegExp, from?: number): Promise<string>
  /** Resolves when everything runs and every pid has been said. */
  ready(): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Of every process that the runner has started, by what they said. */
  pids(): readonly number[]
}

const services = ['catalog', 'loms', 'cart', 'notifier']
const started: Runner[] = []
let shop: ScratchShop

beforeAll(async () => {
  shop = await makeScratchShop()
})
afterAll(async () => {
  for (const runner of started) runner.signal('SIGKILL') // those of a test that failed halfway
  await Promise.all(started.map((runner) => runner.exited))
  await shop.remove()
})

/** Free ports for a copy of the system. */
function ports(): Record<string, string> {
  const settings = services.flatMap((name) => [
    `${name.toUpperCase()}_HTTP_PORT`,
    `${name.toUpperCase()}_GRPC_PORT`,
  ])
  return Object.fromEntries(['NATS_PORT', ...settings].map((setting) => [setting, String(freePort())]))
}

function dev(args: readonly string[], env: Record<string, string>, command = ['tools/dev.ts']): Runner {
  // As from a shell: nothing of what `bun run` or `bun test` have put into our own environment.
  const { npm_lifecycle_event: _event, BUN_FEATURE_FLAG_NO_ORPHANS: _flag, ...inherited } = process.env
  const child = Bun.spawn([process.execPath, ...command, ...args], {
    cwd: shop.root,
    env: { ...inherited, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const lines: string[] = []
  let heard = Promise.withResolvers<void>()
  const onLine = (line: string) => {
    lines.push(line)
    heard.resolve()
    heard = Promise.withResolvers()
  }
  const reading = Promise.all([readLines(child.stdout, onLine), readLines(child.stderr, onLine)])
  const said = async (pattern: RegExp, from = 0): Promise<string> => {
    for (;;) {
      const line = lines.slice(from).find((candidate) => pattern.test(candidate))
      if (line !== undefined) return line
      const ended = await Promise.race([heard.promise.then(() => false), reading.then(() => true)])
      if (ended && !lines.slice(from).some((candidate) => pattern.test(candidate))) {
        throw new Error(`ended without saying ${pattern}:\n${lines.join('\n')}`)
      }
    }
  }
  const runner: Runner = {
    pid: child.pid,
    lines,
    exited: Promise.all([child.exited, reading]).then(([code]) => code),
    said,
    async ready() {
      await said(/Kiosk is ready/)
      if (!env.NATS_URL) await said(/nats-server .* pid/)
    },
    signal: (signal) => child.kill(signal),
    pids: () =>
      lines.flatMap((line) => [...line.matchAll(/"?pid"?:? ?(\d+)/g)].map((match) => Number(match[1]))),
  }
  started.push(runner)
  return runner
}

/** The runner's own pid, also where `bun run` stands before it. */
const runnerPid = async (data: string) => Number(await Bun.file(join(shop.root, data, 'runner.pid')).text())

/** What a process has started itself, where the system tells (Linux). */
function childrenOf(pid: number): readonly number[] {
  if (process.platform !== 'linux') return []
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
}

describe('bun run dev', () => {
  test('starts everything, shows where it is, and ends it all on SIGTERM, NATS last', async () => {
    const env = ports()
    const runner = dev(['--data', 'plain'], env)
    await runner.ready()
    for (const name of services) {
      const url = `http://127.0.0.1:${env[`${name.toUpperCase()}_HTTP_PORT`]}`
      expect(
        runner.lines.some((line) => line.startsWith(`${name} `) && line.includes(`${url}/swagger`)),
      ).toBe(true)
      const seen = (await (await fetch(url)).json()) as { env: Record<string, string> } // the stand-in's own words
      expect(seen.env.DATA_DIR).toBe(join(shop.root, 'plain'))
      expect(seen.env.NATS_URL).toBe(`nats://127.0.0.1:${env.NATS_PORT}`)
    }
    const seededAt = runner.lines.findIndex((line) => line.startsWith('seed ') && line.includes('seeded'))
    expect(seededAt).toBeGreaterThan(-1)
    expect(seededAt).toBeLessThan(runner.lines.findIndex((line) => line.includes('listening')))
    expect(runner.pids().length).toBe(services.length + 1)

    runner.signal('SIGTERM')
    expect(await runner.exited).toBe(0)
    expect(await stillRunning(runner.pids())).toEqual([])
    expect(runner.lines.filter((line) => line.includes('"stopped"')).length).toBe(services.length)
    expect(runner.lines.some((line) => line.includes('nats-server has ended by itself'))).toBe(false)
    expect(runner.lines.join('')).not.toContain('\x1b[') // no colour where nobody looks
  })

  test.each([
    ['bun tools/dev.ts', ['tools/dev.ts']],
    ['bun run dev', ['run', 'dev']],
  ])('kill -9 of %s leaves no process behind', async (_name, command) => {
    const runner = dev(['--no-seed', '--data', 'killed'], ports(), command)
    await runner.ready()
    const own = await runnerPid('killed')
    const pids = [own, ...childrenOf(own), ...runner.pids()]
    expect(pids.length).toBeGreaterThan(services.length + 1)
    runner.signal('SIGKILL')
    await runner.exited
    expect(await stillRunning(pids, 15_000)).toEqual([])
  })

  test('kill -9 of the runner under `bun run dev` leaves no process behind', async () => {
    const runner = dev(['--no-seed', '--data', 'killed'], ports(), ['run', 'dev'])
    await runner.ready()
    const own = await runnerPid('killed')
    const pids = [...childrenOf(own), ...runner.pids()]
    process.kill(own, 'SIGKILL')
    expect(await runner.exited).not.toBe(0)
    expect(await stillRunning(pids)).toEqual([])
  })

  test('a killed service and a killed nats-server come back by themselves', async () => {
    const env = ports()
    const runner = dev(['--no-seed', '--data', 'healing'], env)
    await runner.ready()
    for (const name of ['loms', 'nats']) {
      const line = runner.lines.find(
        (candidate) => candidate.startsWith(`${name} `) && candidate.includes('pid'),
      )
      const from = runner.lines.length
      process.kill(Number(/"?pid"?:? ?(\d+)/.exec(line ?? '')?.[1]), 'SIGKILL')
      await runner.said(new RegExp(`${name} ended .*; starting it again in 0.2 s`), from)
      await runner.said(new RegExp(`${name} is back`), from)
    }
    expect((await fetch(`http://127.0.0.1:${env.LOMS_HTTP_PORT}`)).status).toBe(200)
    runner.signal('SIGINT')
    expect(await runner.exited).toBe(0)
    expect(await stillRunning(runner.pids())).toEqual([])
  })

  test('names every port that is taken and who has it, and starts nothing', async () => {
    const env = ports()
    using loms = Bun.listen({
      hostname: '127.0.0.1',
      port: Number(env.LOMS_HTTP_PORT),
      socket: { data() {} },
    })
    const runner = dev(['--data', 'taken'], { ...env, CART_GRPC_PORT: env.CART_HTTP_PORT ?? '' })
    expect(await runner.exited).toBe(1)
    const words = runner.lines.join('\n')
    expect(words).toContain(`port ${loms.port} of loms (LOMS_HTTP_PORT) is taken`)
    if (process.platform === 'linux') expect(words).toContain(`pid ${process.pid}: `)
    expect(words).toContain(
      `port ${env.CART_HTTP_PORT} is set for cart (CART_HTTP_PORT) and for cart (CART_GRPC_PORT)`,
    )
    expect(existsSync(join(shop.root, 'taken/nats'))).toBe(false)
  })

  test('two copies run side by side, but never on one data folder', async () => {
    const first = dev(['--no-seed', '--data', 'one'], ports())
    await first.ready()
    const same = dev(['--no-seed', '--data', 'one'], ports())
    expect(await same.exited).toBe(1)
    expect(same.lines.join('\n')).toContain(`in use by another runner (pid ${first.pid})`)
    const second = dev(['--no-seed', '--data', 'two'], ports())
    await second.ready()
    for (const runner of [first, second]) {
      runner.signal('SIGTERM')
      expect(await runner.exited).toBe(0)
    }
    const again = dev(['--no-seed', '--data', 'one'], ports())
    await again.ready()
    again.signal('SIGTERM')
    expect(await again.exited).toBe(0)
  })

  test('a service that cannot start ends the start, with its last words', async () => {
    await shop.write('cart/main.ts', 'console.log("the shelf is bare"); process.exit(3)\n')
    const runner = dev(['--no-seed', '--data', 'broken'], ports())
    expect(await runner.exited).toBe(1)
    await shop.write('cart/main.ts', standIn)
    expect(runner.lines.join('\n')).toMatch(
      /cart ended \(exit code 3\) before it was ready.*\nthe shelf is bare/,
    )
    expect(await stillRunning(runner.pids())).toEqual([])
  })

  test('a second Ctrl-C kills what does not want to end', async () => {
    await shop.write(
      'cart/main.ts',
      `${standIn}\nprocess.removeAllListeners('SIGTERM'); process.on('SIGTERM', () => console.log('not yet'))\n`,
    )
    const runner = dev(['--no-seed', '--data', 'stubborn'], ports())
    await runner.ready()
    await shop.write('cart/main.ts', standIn)
    runner.signal('SIGINT')
    await runner.said(/not yet/)
    await Bun.sleep(400) // two presses at once count as one
    runner.signal('SIGINT')
    expect(await runner.exited).toBe(130)
    expect(await stillRunning(runner.pids())).toEqual([])
  })

  test('uses a NATS server that is already there, and starts none', async () => {
    const owner = dev(['--no-seed', '--data', 'owner'], ports())
    await owner.ready()
    const url = owner.lines.join('\n').match(/nats:\/\/127\.0\.0\.1:\d+/)?.[0] ?? ''
    const guest = dev(['--no-seed', '--data', 'guest'], { ...ports(), NATS_URL: url })
    await guest.ready()
    expect(guest.pids().length).toBe(services.length)
    for (const runner of [guest, owner]) {
      runner.signal('SIGTERM')
      expect(await runner.exited).toBe(0)
    }
  })
})
