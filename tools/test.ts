//! `bun run test [folder…]`: everything that CI runs, or what is in the folders; ends with `N passed, N failed`.
// Nothing here may import a package: node_modules may not be there yet.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { installWhenNeeded } from './dev/install.ts'
import { type Counts, readReport, summaryOf } from './test/report.ts'

const root = resolve(import.meta.dir, '..')

async function main(args: readonly string[]): Promise<Counts> {
  await installWhenNeeded(root, console.log)
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-test-'))
  try {
    const report = join(folder, 'report.xml')
    const code = await runTests(args, report)
    return await count(args, report, code)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runTests(args: readonly string[], report: string): Promise<number> {
  // Real processes on a busy machine; bunfig's own setting of it has no effect in Bun 1.4.
  const timeout = '--timeout=30000'
  const flags = [timeout, '--reporter=junit', `--reporter-outfile=${report}`]
  const child = Bun.spawn([process.execPath, 'test', ...flags, ...args], {
    cwd: root,
    // What a test has started ends with the run, also when the run is killed.
    env: { ...process.env, BUN_FEATURE_FLAG_NO_ORPHANS: '1' },
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  return await child.exited
}

async function count(args: readonly string[], report: string, code: number): Promise<Counts> {
  // A test that ends the process takes the report with it, and may even leave exit code 0.
  if (!(await Bun.file(report).exists())) {
    console.error(`bun test ended with exit code ${code} and without a report`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  const { counts, files } = readReport(await Bun.file(report).text())
  if (code === 0) return counts

  // A file that does not load is not in the report.
  const restricted = args.some((arg) => arg.startsWith('-'))
  const unloaded = restricted ? [] : testFiles(args).filter((file) => !files.has(file))
  for (const file of unloaded) console.error(`${file} did not load`)
  return { ...counts, failed: Math.max(1, counts.failed + unloaded.length) }
}

/** The test files in the folders (or files) named, in the whole repository if none is. */
function testFiles(args: readonly string[]): readonly string[] {
  const names = args.length > 0 ? args.map((arg) => relative(root, resolve(root, arg))) : ['']
  const all = [...new Bun.Glob('**/*.test.{ts,tsx}').scanSync({ cwd: root })]
  return all
    .filter((file) => !file.split('/').includes('node_modules'))
    .filter((file) => names.some((name) => name === '' || file === name || file.startsWith(`${name}/`)))
}

const counts = await main(process.argv.slice(2))
console.log(`\n${summaryOf(counts)}`)
// Nothing that ran is no success.
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1)
