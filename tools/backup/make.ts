//! Makes a backup: finds the moment, copies what it holds on to, and says in backup.json that it is whole.
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../data/homes.ts'
import { fileMode } from '../data/sqlite.ts'
import { type Behind, readersBehind } from './behind.ts'
import { finishCopy } from './finish.ts'
import { type Copy, type Manifest, manifestName } from './manifest.ts'
import { takeMoment } from './moment.ts'
import type { Options } from './options.ts'

export type Made = {
  readonly manifest: Manifest
  /** How long writes have waited. */
  readonly heldMs: number
  readonly seconds: number
  readonly missing: readonly Home[]
  readonly behind: readonly Behind[]
}

/** What it has made is taken away again where it does not come to its end. */
export async function makeBackup({ to, homes }: Pick<Options, 'to' | 'homes'>): Promise<Made> {
  const startedAt = performance.now()
  if (existsSync(to) && (await readdir(to)).length > 0)
    throw new Error(`${to} is not empty; a backup gets a folder of its own`)
  // As the data itself: of nobody else on the machine.
  await mkdir(to, { recursive: true, mode: 0o750 })
  try {
    const moment = await takeMoment(homes)
    const copies: Copy[] = []
    try {
      for (const { home, data } of moment.pinned) {
        const file = `${home.service}.sqlite`
        await data.copyTo(join(to, file))
        // Let go as soon as it is copied: until then the service's log grows.
        await data[Symbol.asyncDispose]()
        copies.push({ service: home.service, file, ...(await finishCopy(join(to, file))) })
      }
    } finally {
      for (const { data } of moment.pinned) await data[Symbol.asyncDispose]()
    }
    const behind = readersBehind(to, copies)
    const manifest: Manifest = { format: 'kiosk-backup-1', moment: moment.at.toISOString(), copies }
    await writeManifest(to, manifest)
    const seconds = (performance.now() - startedAt) / 1_000
    return { manifest, heldMs: moment.heldMs, seconds, missing: moment.missing, behind }
  } catch (error) {
    await rm(to, { recursive: true, force: true })
    throw error
  }
}

async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, manifestName)
  const file = await open(`${path}.part`, 'w', fileMode)
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
  const directory = await open(folder, 'r')
  await directory.sync().finally(() => directory.close())
}
