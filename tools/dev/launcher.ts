//! Ends the runner when what launched it dies: `bun run` and npx stay in between, and `kill -9` passes nothing on.
import { existsSync, readFileSync } from 'node:fs'
import type { Env } from './options.ts'

type Ancestor = { readonly pid: number; readonly parent: number; readonly command: string }

// Nobody tells us when a process dies that is not our child, so this is the one thing that is asked again and again.
const checkIntervalMs = 1_000
const ancestorsMax = 5

/** Calls `onGone` once when a launcher has died. Nothing is watched where a shell started us: that may leave as it likes. */
export function watchLaunchers(env: Env, onGone: () => void): void {
  const launchers = launchersOf(env)
  const parent = process.ppid
  if (launchers.length === 0) return
  const timer = setInterval(() => {
    if (process.ppid === parent && launchers.every(({ pid }) => isAlive(pid))) return
    clearInterval(timer)
    onGone()
  }, checkIntervalMs)
  timer.unref()
}

/** `bun run` is our parent; npm and npx, whose environment reaches us, are some steps further up. */
function launchersOf(env: Env): readonly Ancestor[] {
  if (!env.npm_lifecycle_event) return []
  const ancestors: Ancestor[] = []
  for (
    let next = findProcess(process.ppid);
    next && ancestors.length < ancestorsMax;
    next = findProcess(next.parent)
  ) {
    ancestors.push(next)
  }
  const npm = env.npm_command ? ancestors.findIndex(({ command }) => /\bnp[mx]\b/.test(command)) : -1
  return ancestors.slice(0, Math.max(npm, 0) + 1)
}

function findProcess(pid: number): Ancestor | undefined {
  if (pid <= 1) return undefined
  if (process.platform === 'linux') {
    if (!existsSync(`/proc/${pid}`)) return undefined
    const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    return { pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }
  }
  const listed = Bun.spawnSync(['ps', '-o', 'ppid=,args=', '-p', String(pid)], {
    stdin: 'ignore',
    stderr: 'ignore',
  })
  const [, parent, command] = /^\s*(\d+)\s+(.*)/.exec(listed.stdout.toString()) ?? []
  return parent === undefined || command === undefined ? undefined : { pid, parent: Number(parent), command }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false // ours to ask about, as we ran under it: what cannot be asked is gone
  }
  // One that nobody has waited for is dead all the same.
  const status = `/proc/${pid}/status`
  return (
    process.platform !== 'linux' ||
    (existsSync(status) && !/^State:\s*[ZX]/m.test(readFileSync(status, 'utf8')))
  )
}
