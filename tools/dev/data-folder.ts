//! The folder that holds one shop's data: one runner at a time, and emptied only if it is ours.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from './lock.ts'

export type DataFolder = { readonly path: string; release(): void }

const marker = '.kiosk'
const lock = 'runner.lock'
const pid = 'runner.pid'

/** Whether the folder is one shop's and nothing else's: there is nothing in it yet, or we have said so in it. */
function isOurs(path: string): boolean {
  const names = existsSync(path) ? readdirSync(path) : []
  return names.every((name) => [lock, pid].includes(name)) || names.includes(marker)
}

const writeMarker = (path: string) =>
  writeFileSync(
    join(path, marker),
    'The data of one Kiosk shop. `bun run dev --fresh` empties this folder.\n',
  )

/**
 * For the seed, which fills a folder that no runner has made: one that it makes itself holds nothing but the demo shop, and may be
 * emptied. One that holds anything already does not become ours: services that run without the runner keep real shops.
 */
export function claimDataFolder(path: string): void {
  if (!isOurs(path)) return
  mkdirSync(path, { recursive: true })
  writeMarker(path)
}

/** Makes the folder if need be, takes its lock, and with `fresh` empties it; throws an error for people if it must not. */
export function openDataFolder(path: string, options: { fresh: boolean }): DataFolder {
  const ours = isOurs(path)
  if (options.fresh && !ours) {
    throw new Error(
      `${path} is not a data folder that the runner made (it has no ${marker} file), so --fresh does not empty it. If nothing in it is needed, remove it yourself; or take another one with --data DIR.`,
    )
  }

  mkdirSync(path, { recursive: true })
  const held = tryLock(join(path, lock))
  if (!held)
    throw new Error(
      `the data folder ${path} is in use by another runner${readPid(path)}; stop it, or take another one with --data DIR.`,
    )
  writeFileSync(join(path, pid), `${process.pid}\n`)

  if (options.fresh) {
    for (const name of readdirSync(path)) {
      if (name !== lock && name !== pid) rmSync(join(path, name), { recursive: true, force: true })
    }
  }
  if (ours) writeMarker(path)

  return {
    path,
    release() {
      rmSync(join(path, pid), { force: true })
      held.release()
    },
  }
}

function readPid(path: string): string {
  const file = join(path, pid)
  return existsSync(file) ? ` (pid ${readFileSync(file, 'utf8').trim()})` : ''
}
