//! Restores a backup: looks whether it can be done, makes every part ready, and switches all of them over.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { forgottenMove, type Home, schemaOf, wordsOf } from '../data/homes.ts'
import { hasRows } from '../data/postgres.ts'
import { shapesOf } from '../data/shape.ts'
import { openDataFolder } from '../dev/data-folder.ts'
import { openBackup } from './backup.ts'
import { databaseReady } from './database.ts'
import { fileReady } from './file.ts'
import { storeReady, streamsReady } from './nats.ts'
import type { Options } from './options.ts'
import { type Part, switchAll } from './part.ts'

export type Restored = { readonly moment: string; readonly says: readonly string[] }

/** Either everything is restored or nothing is changed; an error says which part cannot be. */
export async function restore(options: Omit<Options, 'help'>): Promise<Restored> {
  const { from, homes, dataDir, overwrite } = options
  const manifest = await openBackup(from)
  mustNotBeMoved(homes)
  if (!overwrite) await mustBeFree(homes)
  const folder = openDataFolder(dataDir, { fresh: false })
  const aside = `.replaced-${new Date().toISOString().replaceAll(/[-:.]/g, '')}`
  await using parts = new AsyncDisposableStack()
  try {
    const ready: Part[] = []
    const add = (part: Part | undefined) => part !== undefined && ready.push(parts.use(part))
    if (options.nats === 'own') add(await storeReady(dataDir, aside))
    else if (options.nats !== 'left alone') add(await streamsReady(options.nats.url))
    // What can be undone comes first: files change their names, a commit is for good.
    for (const { service, place } of [...homes].sort((a, b) =>
      b.place.engine.localeCompare(a.place.engine),
    )) {
      const file = manifest.copies.find((copy) => copy.service === service)?.file
      const copy = file === undefined ? undefined : join(from, file)
      if (place.engine === 'sqlite') add(await fileReady({ service, path: place.path, copy, aside }))
      else add(await databaseReady({ service, url: place.url, copy }))
    }
    await switchAll(ready)
    return { moment: manifest.moment, says: ready.map(({ says }) => says) }
  } finally {
    folder.release()
  }
}

/** Where the newer data is in another database, a file here would be a second shop beside it, whatever may be overwritten. */
function mustNotBeMoved(homes: readonly Home[]): void {
  const forgotten = homes.map(forgottenMove).filter((words) => words !== undefined)
  if (forgotten.length > 0)
    throw new Error(
      `${forgotten.join('; ')}. Whoever wants it in a file again gives the .moved- file another name first`,
    )
}

async function mustBeFree(homes: readonly Home[]): Promise<void> {
  const taken: string[] = []
  for (const home of homes)
    if (await hasData(home)) taken.push(`${home.service} has data in ${wordsOf(home.place)}`)
  if (taken.length > 0) throw new Error(`${taken.join('; ')}. --overwrite sets it aside`)
}

const hasData = async ({ service, place }: Home): Promise<boolean> =>
  place.engine === 'sqlite'
    ? existsSync(place.path)
    : await hasRows(place.url, shapesOf(await schemaOf(service)))
