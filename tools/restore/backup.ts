//! The backup that is restored from: whole, undamaged, and not from the future.
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint, type Manifest, readManifest } from '../backup/manifest.ts'
import { migrationsOf } from '../data/homes.ts'

/** Throws, with everything that is wrong with it. */
export async function openBackup(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder)
  const problems: string[] = []
  for (const { service, file, bytes, sha256 } of manifest.copies) {
    const path = join(folder, file)
    const found = existsSync(path) ? await fingerprint(path) : undefined
    if (found === undefined) problems.push(`${file} is missing`)
    else if (found.sha256 !== sha256 || found.bytes !== bytes)
      problems.push(`${file} is not what was backed up`)
    else if (await isNewer(service, path)) problems.push(`${file} was made by a newer version than this one`)
  }
  if (problems.length > 0) throw new Error(`${folder} cannot be restored: ${problems.join('; ')}`)
  return manifest
}

/** Whether a migration was applied to it that this version does not have: a service would work on tables that it does not know. */
async function isNewer(service: string, path: string): Promise<boolean> {
  const journal: { entries: { when: number }[] } = await Bun.file(
    join(migrationsOf(service), 'sqlite/meta/_journal.json'),
  ).json()
  const known = Math.max(...journal.entries.map(({ when }) => when))
  const database = new Database(path, { readonly: true })
  try {
    const applied = database.query<{ last: number }, []>(
      'select max(created_at) as last from __drizzle_migrations',
    )
    return (applied.get()?.last ?? 0) > known
  } finally {
    database.close()
  }
}
