//! A service's PostgreSQL database, restored: filled in a transaction that is committed when everything else is ready.
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyTables } from '../data/copy.ts'
import { makeTables, schemaOf, wordsOf } from '../data/homes.ts'
import { assertUnused, intoPostgres } from '../data/postgres.ts'
import { shapesOf } from '../data/shape.ts'
import { fromSqlite } from '../data/sqlite.ts'
import { forgetSent } from './forget.ts'
import type { Part } from './part.ts'

export type DatabasePart = {
  readonly service: string
  readonly url: string
  readonly copy: string | undefined
}

/** Throws where anybody is connected to the database. What is in its tables goes. */
export async function databaseReady({ service, url, copy }: DatabasePart): Promise<Part> {
  const place = { engine: 'postgres', url } as const
  const tables = shapesOf(await schemaOf(service))
  await assertUnused(url)
  await makeTables(service, place)
  const into = await intoPostgres(url, tables)
  try {
    await into.empty(tables)
    if (copy !== undefined) {
      const scratch = await mkdtemp(join(tmpdir(), 'kiosk-restore-'))
      try {
        // Brought up to this version first, and that not in the backup itself.
        const path = join(scratch, `${service}.sqlite`)
        await copyFile(copy, path)
        forgetSent(path)
        await makeTables(service, { engine: 'sqlite', path })
        await using from = fromSqlite(path)
        await copyTables(tables, from, into)
      } finally {
        await rm(scratch, { recursive: true, force: true })
      }
    }
  } catch (error) {
    await into[Symbol.asyncDispose]()
    throw error
  }
  return {
    says: copy === undefined ? `${service} had no data then` : `${service} is in ${wordsOf(place)}`,
    switchOver: () => into.commit(),
    async undo() {
      throw new Error(
        `${wordsOf(place)} was restored and other services were not: run the same restore again`,
      )
    },
    [Symbol.asyncDispose]: () => into[Symbol.asyncDispose](),
  }
}
