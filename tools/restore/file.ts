//! A service's SQLite file, restored: the copy is laid beside it, and then the two change places.
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { closeAlone, fileMode, InUse, openAlone } from '../data/sqlite.ts'
import { forgetSent } from './forget.ts'
import type { Part } from './part.ts'

/** What belongs to a database of SQLite: a log that stays behind would be taken for that of the new file. */
const belongings = ['', '-wal', '-shm', '-journal'] as const

export type FilePart = {
  readonly service: string
  readonly path: string
  /** The file of the backup; undefined where the service had no data then. */
  readonly copy: string | undefined
  /** What is set aside gets this at the end of its name. */
  readonly aside: string
}

/** Throws where a service has the file open. */
export async function fileReady({ service, path, copy, aside }: FilePart): Promise<Part> {
  const isThere = existsSync(path)
  if (isThere) gatherLog(path)
  const restoring = `${path}.restoring`
  if (copy !== undefined) await layBeside(copy, restoring)

  const renamed: { readonly from: string; readonly to: string }[] = []
  async function give(from: string, to: string): Promise<void> {
    await rename(from, to)
    renamed.push({ from, to })
  }
  async function undo(): Promise<void> {
    for (const { from, to } of renamed.splice(0).reverse()) await rename(to, from)
    await syncFolder(dirname(path))
  }
  return {
    says: [
      copy === undefined ? `${service} had no data then` : `${service} is in ${path}`,
      ...(isThere ? [`what was there is in ${path}${aside}`] : []),
    ].join('; '),
    async switchOver() {
      if (isThere) gatherLog(path)
      try {
        for (const end of belongings)
          if (existsSync(`${path}${end}`)) await give(`${path}${end}`, `${path}${aside}${end}`)
        if (copy !== undefined) await give(restoring, path)
        await syncFolder(dirname(path))
      } catch (error) {
        await undo()
        throw error
      }
    },
    undo,
    async [Symbol.asyncDispose]() {
      await rm(restoring, { force: true })
    },
  }
}

/** Its log is written back into it, so that what is set aside is whole. Throws where a service has it open. */
function gatherLog(path: string): void {
  try {
    closeAlone(openAlone(path))
  } catch (error) {
    // What cannot be opened may be why a backup is restored: it is set aside as it is, with all that belongs to it.
    if (error instanceof InUse) throw error
  }
}

async function layBeside(copy: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await copyFile(copy, path)
  // Its mode is that of the backup's file, which may have been anywhere since.
  await chmod(path, fileMode)
  forgetSent(path)
  const file = await open(path, 'r+')
  await file.sync().finally(() => file.close())
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}
