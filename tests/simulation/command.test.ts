//! `bun run simulate` as a command: what it prints, what it ends with, and that another process sees the same history.
import { expect, test } from 'bun:test'
import { resolve } from 'node:path'

const program = resolve(import.meta.dir, '../../tools/simulate.ts')
const timeoutMs = 60_000

async function simulate(...flags: readonly string[]) {
  const child = Bun.spawn([process.execPath, program, ...flags], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [output, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { output, errors, code }
}

test(
  'a seed alone is one history, told as it happens, and the same in every process',
  async () => {
    const [first, again] = await Promise.all([simulate('--seed', '7'), simulate('--seed', '7')])
    expect(first.code).toBe(0)
    expect(first.output).toContain('all faults end')
    expect(first.output).toEndWith('nothing is broken\n')
    expect(again).toEqual(first)
  },
  timeoutMs,
)

test(
  'a bug is caught, shown in the fewest steps, and seen again by the command that is printed',
  async () => {
    const caught = await simulate('--planted', 'lost-release', '--seed', '1', '--histories', '1000')
    expect(caught.code).toBe(0)
    expect(caught.output).toContain('lost-release: caught in history')
    const command = /^see it happen: bun run simulate (.+)$/m.exec(caught.output)?.[1]
    const seen = await simulate(...(command ?? '').split(' '))
    expect(seen.code).toBe(1)
    expect(seen.output).toContain('BROKEN I1: what is reserved is the sum of the open reservations')
  },
  timeoutMs,
)

test(
  'histories without a bug end with what was done and exit code 0',
  async () => {
    const { output, code } = await simulate('--seed', '1', '--histories', '20')
    expect(code).toBe(0)
    expect(output).toMatch(/^20 histories, \d+ steps, .*, 0 violations, \d+ histories\/s$/m)
  },
  timeoutMs,
)

test.each([
  ['a planted bug that there is not', ['--planted', 'gremlin'], 'there is no planted bug gremlin'],
  ['a count that is none', ['--histories', '0'], '--histories is "0"'],
  ['steps of no history', ['--steps', '1,2'], '--steps are those of a --seed'],
])(
  '%s is refused with exit code 2',
  async (_, flags, words) => {
    const { errors, code } = await simulate(...flags)
    expect(code).toBe(2)
    expect(errors).toContain(words)
  },
  timeoutMs,
)
