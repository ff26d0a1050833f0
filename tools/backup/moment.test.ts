//! The one moment of a backup: whoever writes to one file after another is never seen to have written the second only.
import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// In a process of its own: another SQLite library in this one would break its locks, see ../verify/run.ts.
const program = join(import.meta.dir, 'moments.fixture.ts')
const moments = 50
let folder: string
let writer: Bun.Subprocess<'ignore', 'pipe', 'inherit'>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-moment-'))
  const paths = ['cart', 'loms'].map((service) => join(folder, `${service}.sqlite`))
  writer = Bun.spawn([process.execPath, join(import.meta.dir, 'writer.fixture.ts'), ...paths], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  await writer.stdout.getReader().read()
})
afterAll(async () => {
  writer.kill('SIGKILL')
  await writer.exited
  await rm(folder, { recursive: true, force: true })
})

/** Copies of both files as of one moment, again and again. */
async function takeMoments(order: readonly string[]): Promise<void> {
  const child = Bun.spawn([process.execPath, program, folder, String(moments), ...order], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
  })
  expect(await child.exited).toBe(0)
}

function counterIn(path: string): number {
  using database = new Database(path, { readonly: true })
  return database.query<{ n: number }, []>('select n from counter').get()?.n ?? -1
}

test.each([[['cart', 'loms']], [['loms', 'cart']]])(
  '%p: both are of one moment, and the writer never waits in vain',
  async (order) => {
    await takeMoments(order)
    const seen = Array.from({ length: moments }, (_, n) => ({
      first: counterIn(join(folder, `cart-${n}`)),
      second: counterIn(join(folder, `loms-${n}`)),
    }))
    for (const { first, second } of seen) expect([0, 1]).toContain(first - second)
    // They are of different moments: the writer has written all along, but where it had no time on a busy machine.
    expect(new Set(seen.map(({ first }) => first)).size).toBeGreaterThan(moments / 2)
    // It ends at its first write that waits for more than 500 ms, as long as a service waits.
    expect(writer.exitCode).toBeNull()
  },
)
