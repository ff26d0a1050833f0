import { describe, expect, test } from 'bun:test'

const imports = `
  import { createLog } from ${JSON.stringify(import.meta.resolve('./log.ts'))}
  import { ConfigError } from ${JSON.stringify(import.meta.resolve('./config.ts'))}
  import { orExit, runService } from ${JSON.stringify(import.meta.resolve('./lifecycle.ts'))}
  const log = createLog('stall', 'debug')
  const say = (text) => process.stderr.write(text + '\\n')
`

/** A service process whose parts say on stderr what they do. */
function start(script: string) {
  const child = Bun.spawn([process.execPath, '-e', imports + script], { stdout: 'pipe', stderr: 'pipe' })
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader()
  let said = ''
  /** Waits until the process has said it, or has nothing more to say. */
  const heard = async (words: string) => {
    while (!said.includes(words)) {
      const { value, done } = await reader.read()
      if (done) return
      said += value
    }
  }
  const ended = async () => {
    const [log, code] = await Promise.all([child.stdout.text(), child.exited, heard('\0')])
    const lines =
      log.trim() === ''
        ? []
        : log
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line))
    return { code, said: said.trim().split('\n'), lines, told: lines.map((line) => line.msg) }
  }
  return { child, heard, ended }
}

const threeParts = `
  await runService({ name: 'stall', log, parts: async (part) => {
    const store = await part('store', async () => { say('store up'); return 'the store' }, (it) => say(it + ' down'))
    await part('http', () => { say('http up, over ' + store) }, async () => { await Bun.sleep(10); say('http down') })
    await part('timer', () => setInterval(() => {}, 1000), (timer) => { clearInterval(timer); say('timer down') })
    say('all up')
  } })
`

describe('a service', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'starts its parts in order, and on %s stops them in reverse',
    async (signal) => {
      const service = start(threeParts)
      await service.heard('all up')
      service.child.kill(signal)
      const { code, said, told } = await service.ended()
      expect(said).toEqual([
        'store up',
        'http up, over the store',
        'all up',
        'timer down',
        'http down',
        'the store down',
      ])
      expect(told.at(-1)).toBe('stopped')
      expect(code).toBe(0)
    },
  )

  test('is not hurried by a second signal', async () => {
    const service = start(threeParts)
    await service.heard('all up')
    service.child.kill('SIGINT')
    service.child.kill('SIGTERM')
    const { code, said } = await service.ended()
    expect([said.at(-1), code]).toEqual(['the store down', 0])
  })

  test('ends after its bound also where a part does not stop', async () => {
    const service = start(`
      await runService({ name: 'stall', log, stopMsMax: 100, parts: async (part) => {
        await part('store', () => {}, () => say('store down'))
        await part('stuck', () => setInterval(() => {}, 1000), () => new Promise(() => {}))
        say('all up')
      } })
    `)
    await service.heard('all up')
    service.child.kill('SIGTERM')
    const { code, lines } = await service.ended()
    expect(code).toBe(1)
    expect(lines.at(-1)).toMatchObject({ level: 'error', bound_ms: 100 })
  })

  test('stops the others where a part fails to', async () => {
    const service = start(`
      await runService({ name: 'stall', log, parts: async (part) => {
        await part('store', () => {}, () => say('store down'))
        await part('http', () => setInterval(() => {}, 1000), () => { throw new Error('stays') })
        say('all up')
      } })
    `)
    await service.heard('all up')
    service.child.kill('SIGTERM')
    const { code, said, lines } = await service.ended()
    expect([said.at(-1), code]).toEqual(['store down', 1])
    expect(lines.find((line) => line.part === 'http' && line.level === 'error')?.err.message).toBe('stays')
  })

  test('told to stop while it starts, starts nothing more and stops what is up', async () => {
    const service = start(`
      await runService({ name: 'stall', log, parts: async (part) => {
        await part('store', () => {}, () => say('store down'))
        await part('slow', async () => { say('slow starts'); await Bun.sleep(100); return 1 }, () => say('slow down'))
        await part('http', () => say('http up'))
      } })
    `)
    await service.heard('slow starts')
    service.child.kill('SIGTERM')
    const { code, said } = await service.ended()
    expect(said).toEqual(['slow starts', 'slow down', 'store down'])
    expect(code).toBe(0)
  })
})

describe('what nobody caught is logged and ends the process', () => {
  test.each([
    ['thrown', `setTimeout(() => { throw new Error('canary') })`],
    ['rejected', `Promise.reject(new Error('canary'))`],
  ])('%s', async (how, bug) => {
    const service = start(`
      await runService({ name: 'stall', log, parts: async (part) => {
        await part('timer', () => setInterval(() => {}, 1000))
      } })
      ${bug}
    `)
    const { code, lines } = await service.ended()
    expect(code).toBe(1)
    const msg = how === 'thrown' ? 'uncaught exception' : 'unhandled rejection'
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', msg, err: { message: 'canary' } })
  })
})

describe('a service that cannot start says why in one line, and its other parts are stopped', () => {
  test('a port that is taken', async () => {
    const taken = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    const { port } = taken
    const service = start(`
      await runService({ name: 'stall', log, parts: async (part) => {
        await part('store', () => {}, () => say('store down'))
        await part('http', () => {
          try { Bun.serve({ hostname: '127.0.0.1', port: ${port}, reusePort: false, fetch: () => new Response() }) }
          catch (error) { throw new Error('port ${port} is taken', { cause: error }) }
        })
      } })
    `)
    const { code, said, lines } = await service.ended()
    await taken.stop(true)
    expect(said).toEqual([`stall: cannot start: port ${port} is taken`, 'store down'])
    expect(lines.filter((line) => line.level === 'fatal')).toEqual([])
    expect(code).toBe(1)
  })

  test('settings, before there is anything else', async () => {
    const service = start(
      `orExit('stall', () => { throw new ConfigError(['A is not set', 'B is not set']) })`,
    )
    const { code, said } = await service.ended()
    expect(said).toEqual(['stall: cannot start: settings: A is not set; B is not set'])
    expect(code).toBe(1)
  })

  test('a bug comes with its stack, in the log', async () => {
    const service = start(`
      await runService({ name: 'stall', log, parts: async (part) => {
        await part('store', () => { throw new TypeError('not a store') })
      } })
    `)
    const { code, said, lines } = await service.ended()
    expect(said).toEqual(['stall: cannot start: not a store'])
    expect(lines.at(-1)).toMatchObject({
      level: 'fatal',
      err: { type: 'TypeError', stack: expect.any(String) },
    })
    expect(code).toBe(1)
  })
})
