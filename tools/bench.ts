//! `bun run bench <name> [options]`: one benchmark by its folder's name.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const folder = join(import.meta.dir, '../benchmarks')
const names = (await readdir(folder, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && entry.name !== 'lib')
  .map((entry) => entry.name)
const [name, ...options] = process.argv.slice(2)
const usage = `Usage: bun run bench <${names.sort().join('|')}> [--seconds N] [--json FILE]`
if (name === '--help' || name === '-h') {
  console.log(usage)
  process.exit(0)
}
if (name === undefined || !names.includes(name)) {
  console.error(usage)
  process.exit(1)
}
const child = Bun.spawn([process.execPath, join(folder, name, 'run.ts'), ...options], {
  stdin: 'ignore',
  stdout: 'inherit',
  stderr: 'inherit',
})
process.exit(await child.exited)
