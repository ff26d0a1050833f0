//! Installs the dependencies when they are missing or older than bun.lock.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from './lock.ts'

/** Runs `bun install --frozen-lockfile` unless node_modules carries the stamp of this bun.lock; `until` breaks it off. */
export async function installWhenNeeded(
  root: string,
  say: (text: string) => void,
  until?: AbortSignal,
): Promise<void> {
  const lockfile = join(root, 'bun.lock')
  if (!existsSync(lockfile)) return
  const wanted = new Bun.CryptoHasher('sha256').update(await Bun.file(lockfile).bytes()).digest('hex')
  if (await isInstalled(root, wanted)) return

  // Two copies that start at once in a fresh checkout: the second one waits for the first.
  let lock = tryLock(join(root, '.cache/install.lock'))
  if (!lock) say('another process installs the dependencies; waiting for it')
  while (!lock) {
    await Bun.sleep(100)
    if (until?.aborted) return
    lock = tryLock(join(root, '.cache/install.lock'))
  }
  try {
    if (await isInstalled(root, wanted)) return
    say('installing the dependencies')
    // The Bun that runs us: PATH need not have one, or may have another.
    const child = Bun.spawn([process.execPath, 'install', '--frozen-lockfile'], {
      cwd: root,
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      ...(until ? { signal: until } : {}),
    })
    const code = await child.exited
    if (until?.aborted) return
    if (code !== 0) throw new Error('the dependencies could not be installed; what bun says is above.')
    await Bun.write(stampOf(root), wanted)
  } finally {
    lock.release()
  }
}

const stampOf = (root: string) => join(root, 'node_modules/.kiosk-lock')

async function isInstalled(root: string, wanted: string): Promise<boolean> {
  const stamp = Bun.file(stampOf(root))
  return (await stamp.exists()) && (await stamp.text()).trim() === wanted
}
