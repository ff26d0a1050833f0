//! What `bun run bench` answers before it measures anything.
import { expect, test } from 'bun:test'
import { join } from 'node:path'

async function bench(...args: readonly string[]) {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'bench.ts'), ...args], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { out, err, code }
}

test('whoever asks how it is used is told so, and nothing has failed', async () => {
  for (const flag of ['--help', '-h'])
    expect(await bench(flag)).toEqual({
      out: expect.stringMatching(/^Usage: bun run bench </),
      err: '',
      code: 0,
    })
})

test('a benchmark that there is not is a mistake', async () => {
  for (const args of [[], ['nothing']])
    expect(await bench(...args)).toEqual({
      out: '',
      err: expect.stringMatching(/^Usage: bun run bench </),
      code: 1,
    })
})
