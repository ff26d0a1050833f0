//! One of the operator's tools, run as the operator does: as a process of its own.
import { join, resolve } from 'node:path'
import type { Env } from '../../tools/dev/options.ts'

export type Ran = { readonly code: number; readonly output: string }

const repository = resolve(import.meta.dir, '../..')

/** Runs `bun run <name> <args>` with these settings and none of a developer's shell. */
export async function runTool(name: string, args: readonly string[], env: Env = {}): Promise<Ran> {
  const shell = Object.entries(process.env).filter(
    ([key]) => !key.endsWith('_DATABASE_URL') && !['NATS_URL', 'DATA_DIR', 'NODE_ENV'].includes(key),
  )
  const child = Bun.spawn([process.execPath, '--no-env-file', join('tools', `${name}.ts`), ...args], {
    cwd: repository,
    env: { ...Object.fromEntries(shell), ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  return { code, output: `${out}${err}`.trim() }
}

/** The same, for what must work. */
export async function useTool(name: string, args: readonly string[], env: Env = {}): Promise<string> {
  const { code, output } = await runTool(name, args, env)
  if (code !== 0) throw new Error(`${name} ended with exit code ${code}: ${output}`)
  return output
}
