import { describe, expect, test } from 'bun:test'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog, flushLog, type LogLevel } from './log.ts'

function capture(level: LogLevel = 'info') {
  const lines: string[] = []
  const log = createLog('stall', level, { destination: { write: (line: string) => void lines.push(line) } })
  return { log, lines, text: () => lines.join(''), last: () => JSON.parse(lines.at(-1) ?? '{}') }
}

test('a line is JSON with time, level, service and process', () => {
  const { log, last } = capture()
  log.info({ orders: 3 }, 'opened')
  expect(last()).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    service: 'stall',
    pid: process.pid,
    orders: 3,
    msg: 'opened',
  })
})

test('what is below the level is not written', () => {
  const { log, lines } = capture('warn')
  log.info('quiet')
  expect(lines).toEqual([])
})

describe('no secret is written', () => {
  const canary = 'canary-8f3a'
  test.each([
    ['at the top', { password: canary }],
    [
      'in headers',
      { request: { headers: { authorization: canary, Cookie: canary, 'set-cookie': [canary] } } },
    ],
    [
      'in any spelling',
      { accessToken: canary, refresh_token: canary, SERVICE_TOKEN: canary, 'x-auth-token': canary },
    ],
    ['deep', { a: { b: { c: { d: { card: { number: canary } } } } } }],
    ['in a list', { users: [{ email: canary, phone: canary }] }],
    ['deeper than we look', { a: { b: { c: { d: { e: { f: { g: { h: { i: { note: canary } } } } } } } } } }],
    ['in bytes', { body: Buffer.from(canary) }],
  ])('%s', (_, fields) => {
    const { log, text } = capture()
    log.info(fields, 'done')
    log.child(fields).info('done')
    log.child({}).child(fields, {}).info('done')
    expect(text()).not.toContain(canary)
    expect(text().match(/"done"/g)).toHaveLength(3)
  })

  test('in what an error carries, and in what caused it', () => {
    const { log, last, text } = capture()
    const cause = Object.assign(new Error('connection lost'), {
      config: { headers: { authorization: canary } },
    })
    log.error({ err: Object.assign(new Error('order not stored', { cause }), { token: canary }) }, 'failed')
    expect(text()).not.toContain(canary)
    expect(last().err).toMatchObject({ message: 'order not stored', cause: { message: 'connection lost' } })
    expect(last().err.stack).toContain('log.test.ts')
  })

  test('in the values of a failed statement', () => {
    const { log, last, text } = capture()
    const failed = Object.assign(new Error(`Failed query: insert into users\nparams: ${canary},2`), {
      params: [canary],
    })
    log.error({ err: failed }, 'failed')
    log.error(failed)
    expect(text()).not.toContain(canary)
    expect(last().err.message).toBe('Failed query: insert into users')
    expect(last().err.stack).toContain('log.test.ts')
  })

  test('an address that is none, which may hold a password', () => {
    const { log, text } = capture()
    const url = `postgres://kiosk:${canary}@[127.0.0.1/kiosk`
    try {
      new URL(url)
    } catch (error) {
      log.error({ err: error }, 'cannot start')
    }
    const failed = Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: url })
    log.error({ err: new Error('cannot open the store', { cause: failed }) }, 'cannot start')
    expect(text()).toContain('ERR_INVALID_URL')
    expect(text()).not.toContain(canary)
  })

  test('in the query of the address that was asked, which may hold a code or a token', async () => {
    const { log, last, text } = capture()
    const port = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    port.stop(true)
    const address = `http://127.0.0.1:${port.port}/api/v1/oauth/google/callback`
    const failed = await fetch(`${address}?code=${canary}`).catch((error: unknown) => error)
    log.warn({ err: failed }, 'a service did not answer')
    expect(last().err.path).toBe(address)
    expect(text()).not.toContain(canary)
  })

  test('in the row that PostgreSQL refused', () => {
    const { log, last, text } = capture()
    // As it says itself, with everything that the row holds.
    const refused = Object.assign(new Error('violates check constraint "role_is_known"'), {
      code: '23514',
      detail: `Failing row contains (1, default, olena, ${canary}).`,
      constraint_name: 'role_is_known',
    })
    log.error({ err: new Error('not stored', { cause: refused }) }, 'failed')
    expect(last().err.cause).toMatchObject({ code: '23514', constraint_name: 'role_is_known' })
    expect(text()).not.toContain(canary)
  })
})

test('names that only sound like secrets are kept', () => {
  const { log, last } = capture()
  log.info({ discarded: 1, pangram: 'x', phonetic: 'y' })
  expect(last()).toMatchObject({ discarded: 1, pangram: 'x', phonetic: 'y' })
})

test('what cannot be JSON is no reason to lose the line', () => {
  const { log, last } = capture()
  const circle: Record<string, unknown> = { id: 12n }
  circle.self = circle
  log.info(circle, 'round')
  expect(last().msg).toBe('round')
})

test.each(['exit', 'throw', 'flush', 'end'])('no line is lost when the process ends by %s', async (how) => {
  const count = 5000
  const script = `
    import { createLog, flushLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))}
    const log = createLog('stall', 'info')
    for (let i = 0; i < ${count}; i++) log.info({ i }, 'line')
    if ('${how}' === 'exit') process.exit(0)
    if ('${how}' === 'throw') throw new Error('the end')
    if ('${how}' === 'flush') { await flushLog(log); process.kill(process.pid, 'SIGKILL') }
  `
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'ignore' })
  const lines = (await child.stdout.text()).trim().split('\n')
  await child.exited
  const numbers = lines.map((line) => JSON.parse(line).i)
  expect({ count: numbers.length, outOfOrder: numbers.findIndex((i, at) => i !== at) }).toEqual({
    count,
    outOfOrder: -1,
  })
})

test('a reader that stalls stops nobody, and finds every line when it comes back', async () => {
  const script = `
    import { createLog, flushLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))}
    const log = createLog('stall', 'info')
    for (let i = 0; i < 20; i++) {
      log.info({ i, filler: 'x'.repeat(50_000) }, 'line')
      await new Promise(setImmediate)
    }
    process.stderr.write('still here')
    await new Promise((resolve) => process.stdin.once('data', resolve))
    await flushLog(log)
    process.exit(0)
  `
  const folder = mkdtempSync(join(tmpdir(), 'kiosk-log-'))
  try {
    const pipe = join(folder, 'pipe')
    Bun.spawnSync(['mkfifo', pipe])
    const fd = openSync(pipe, constants.O_RDWR)
    const child = Bun.spawn([process.execPath, '-e', script], { stdin: 'pipe', stdout: fd, stderr: 'pipe' })
    const { value } = await child.stderr.getReader().read()
    expect(new TextDecoder().decode(value)).toBe('still here')
    child.stdin.write('go on')
    await child.stdin.end()
    const lines = readLines(fd, 20)
    expect(lines.map((line) => JSON.parse(line).i)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(await child.exited).toBe(0)
    closeSync(fd)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function readLines(fd: number, count: number): string[] {
  const chunk = Buffer.alloc(65_536)
  let text = ''
  while (text.split('\n').length <= count) text += chunk.toString('utf8', 0, readSync(fd, chunk))
  return text.trim().split('\n')
}

test('flushing a log that has nothing to write is no wait', async () => {
  const { log } = capture()
  await flushLog(log)
})
