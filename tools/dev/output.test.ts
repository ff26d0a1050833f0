//! What the terminal shows.
import { expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import { createOutput } from './output.ts'

const streamOf = () => new PassThrough({ highWaterMark: 1 }) as unknown as NodeJS.WriteStream // what a terminal is to us

test('output has the name before every line, in colour on a terminal only', async () => {
  const said = async (isTTY: boolean, env: Record<string, string>) => {
    const stream = Object.assign(streamOf(), { isTTY })
    const output = createOutput(stream, ['loms', 'nats'], env)
    output.lines('loms')('one')
    output.say('two\nthree')
    stream.end()
    return await new Response(stream as unknown as ReadableStream).text()
  }
  expect(await said(false, {})).toBe('loms  | one\nkiosk | two\nkiosk | three\n')
  expect(await said(true, {})).toBe(
    '\x1b[36mloms  | \x1b[0mone\n\x1b[1mkiosk | \x1b[0mtwo\n\x1b[1mkiosk | \x1b[0mthree\n',
  )
  expect(await said(true, { NO_COLOR: '1' })).toBe(await said(false, {}))
})

test('output that nobody reads is dropped and counted, and does not grow without end', async () => {
  const stream = streamOf()
  const output = createOutput(stream, ['loms'], {})
  const line = output.lines('loms')
  for (let count = 0; count < 20_000; count++) line('x'.repeat(1_000))
  expect(stream.writableLength).toBeLessThan(9 * 1024 * 1024)
  stream.resume()
  await output.flush()
  const heard: string[] = []
  stream.on('data', (chunk) => heard.push(String(chunk)))
  line('again')
  await output.flush()
  expect(heard.join('')).toMatch(
    /^kiosk \| \d+ lines were dropped, because nobody read them\nloms {2}\| again\n$/,
  )
})
