//! Asks verify after every trial: in a process of its own, as it must be, but one for all of them.
import { join } from 'node:path'

export type Verifier = AsyncDisposable & {
  /** Asks until everything holds and nothing is under way; answers what still does not after `patienceMs`. */
  problems(patienceMs: number): Promise<readonly string[]>
}

const program = join(import.meta.dir, 'verifying.ts')

export function startVerifier(dataDir: string): Verifier {
  let asked = Promise.withResolvers<readonly string[]>()
  const child = Bun.spawn([process.execPath, '--no-env-file', program, '--settled', '--data', dataDir], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // What comes is what verifying.ts sends.
    ipc: (found) => asked.resolve(found as readonly string[]),
    onExit: () => asked.reject(new Error('verify has ended')),
  })
  async function ask(): Promise<readonly string[]> {
    asked = Promise.withResolvers()
    child.send('look')
    return await asked.promise
  }
  return {
    async problems(patienceMs) {
      const endsAt = performance.now() + patienceMs
      for (;;) {
        const found = await ask()
        if (found.length === 0 || performance.now() > endsAt) return found
      }
    },
    async [Symbol.asyncDispose]() {
      // Nobody waits for an answer any more.
      asked.promise.catch(() => undefined)
      child.kill()
      await child.exited
    },
  }
}
