//! Whether processes are still there, as `kill -9` tests must know.
import { existsSync, readFileSync } from 'node:fs'

/** A dead process that nobody has waited for is gone too. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
  const status = `/proc/${pid}/status`
  if (process.platform !== 'linux') return true
  return existsSync(status) && !/^State:\s*[ZX]/m.test(readFileSync(status, 'utf8'))
}

/** Resolves with those of the processes that are still running after `timeoutMs`, at once when there are none. */
export async function stillRunning(pids: readonly number[], timeoutMs = 5_000): Promise<readonly number[]> {
  const endsAt = performance.now() + timeoutMs
  let left = pids.filter(isRunning)
  while (left.length > 0 && performance.now() < endsAt) {
    await Bun.sleep(10) // no event tells of the end of a process that is not our child
    left = left.filter(isRunning)
  }
  return left
}
