//! For tests: verify as the process of its own that it must be. Two SQLite libraries in one process would undo each other's locks.
import { join, resolve } from 'node:path'
import type { Env, Mode } from './options.ts'

export type Verified = {
  readonly ok: boolean
  /** Everything that it said, for people. */
  readonly output: string
  readonly counts: Readonly<Record<string, number>>
  /** What does not hold, in the words of the rules. */
  readonly broken: readonly string[]
}

export type VerifyRun = {
  readonly dataDir: string
  readonly env?: Env
  readonly mode?: Mode
}

const program = resolve(import.meta.dir, '../verify.ts')

/** Rejects where it could not look. */
export async function runVerify({ dataDir, env = {}, mode }: VerifyRun): Promise<Verified> {
  const flags = ['--json', '--data', dataDir, ...(mode === undefined ? [] : [`--${mode}`])]
  const child = Bun.spawn([process.execPath, '--no-env-file', program, ...flags], {
    cwd: join(program, '../..'),
    env: { ...withoutDatabases(process.env), ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [text, output, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  // A program that does not even load ends with 1 as well, and without a document.
  if ((code !== 0 && code !== 1) || text === '')
    throw new Error(`verify could not look (exit code ${code}):\n${output}`)
  // The document is the Report of look.ts, which cannot be imported here: it would bring the other engine along.
  const report = JSON.parse(text) as {
    ok: boolean
    counts: Record<string, number>
    findings: { says: string; broken: number }[]
  }
  const broken = report.findings.filter((finding) => finding.broken > 0).map((finding) => finding.says)
  return { ok: report.ok && code === 0, output, counts: report.counts, broken }
}

/** What a developer's shell says of databases is about others than those under test. */
const withoutDatabases = (env: Env): Env =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.endsWith('_DATABASE_URL')))
