//! backup.json: what belongs to a backup, and by what it is known to be whole.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

export const manifestName = 'backup.json'

const Copy = Type.Object({
  service: Type.String({ pattern: '^[a-z][a-z-]*$' }),
  /** In the folder of the backup. */
  file: Type.String({ pattern: '^[a-z][a-z-]*\\.sqlite$' }),
  bytes: Type.Integer({ minimum: 1 }),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  rows: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
})

const Manifest = Type.Object({
  format: Type.Literal('kiosk-backup-1'),
  /** The moment that all copies are of, RFC 3339. */
  moment: Type.String(),
  copies: Type.Array(Copy, { minItems: 1 }),
})

export type Copy = Static<typeof Copy>
export type Manifest = Static<typeof Manifest>

export async function readManifest(folder: string): Promise<Manifest> {
  const file = Bun.file(join(folder, manifestName))
  if (!(await file.exists()))
    throw new Error(`${folder} is no backup: it has no ${manifestName}, which is written last`)
  const manifest: unknown = await file.json()
  if (!Value.Check(Manifest, manifest))
    throw new Error(`${join(folder, manifestName)} is not of a backup that this version knows`)
  return manifest
}

export async function fingerprint(path: string): Promise<Pick<Copy, 'bytes' | 'sha256'>> {
  const hasher = new Bun.CryptoHasher('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) hasher.update(piece)
  return { bytes: (await stat(path)).size, sha256: hasher.digest('hex') }
}
