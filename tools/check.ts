//! `bun run check`: the whole definition of ready. Format and lint, types, and that generating again changes nothing.
// Nothing here may import a package: node_modules may not be there yet.
import { resolve } from 'node:path'
import { installWhenNeeded } from './dev/install.ts'

const root = resolve(import.meta.dir, '..')

const checks = [
  { name: 'format and lint', command: ['node_modules/.bin/biome', 'check', '.'] },
  { name: 'types', command: ['node_modules/.bin/tsc', '--noEmit', '-p', '.'] },
  { name: 'generated files', command: ['tools/generate.ts', '--check'] },
] as const

/** Runs one check to its end; all of them are reported, whatever the others say. */
async function run({ name, command }: (typeof checks)[number]): Promise<boolean> {
  const startedAt = performance.now()
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: root,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (code !== 0) console.log(`${out}${err}`.trim())
  return code === 0
}

await installWhenNeeded(root, console.log)
const results = await Promise.all(checks.map(run))
process.exit(results.every(Boolean) ? 0 : 1)
