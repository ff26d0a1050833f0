//! Moves one service's data: nobody else can use either database meanwhile, and the target has all of it or nothing.
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { movedName } from '../../runtime/store/moved.ts'
import { type Counted, copyTables, type From, type Into } from '../data/copy.ts'
import { makeTables, type Place, schemaOf, wordsOf } from '../data/homes.ts'
import { assertUnused, fromPostgres, intoPostgres } from '../data/postgres.ts'
import { shapesOf, type TableShape } from '../data/shape.ts'
import { fromSqlite, intoSqlite } from '../data/sqlite.ts'
import type { Options } from './options.ts'

export type Moved = {
  readonly counted: readonly Counted[]
  /** Where the old data is now. */
  readonly old: string
  readonly seconds: number
}

/** Throws, with words for people, where it cannot be done; nothing has changed then. */
export async function move({ service, from, to }: Options): Promise<Moved> {
  const startedAt = performance.now()
  if (wordsOf(from) === wordsOf(to)) throw new Error(`${service} has its data in ${wordsOf(to)} already`)
  const tables = shapesOf(await schemaOf(service))
  const counted = await copy({ service, from, to }, tables)
  const old = from.engine === 'sqlite' ? await setAside(from.path) : wordsOf(from)
  return { counted, old, seconds: (performance.now() - startedAt) / 1_000 }
}

async function copy(
  { service, from, to }: Options,
  tables: readonly TableShape[],
): Promise<readonly Counted[]> {
  // The source first: a service that runs is noticed before anything is made.
  await using source = await openFrom(from, tables)
  const isNew = to.engine === 'sqlite' && !existsSync(to.path)
  try {
    await using target = await openInto(service, to, tables)
    const counted = await copyTables(tables, source, target)
    await target.commit()
    return counted
  } catch (error) {
    if (isNew) await rm(to.path, { force: true })
    throw error
  }
}

const openFrom = async (place: Place, tables: readonly TableShape[]): Promise<From> =>
  place.engine === 'sqlite' ? fromSqlite(place.path) : await fromPostgres(place.url, tables)

async function openInto(service: string, place: Place, tables: readonly TableShape[]): Promise<Into> {
  if (place.engine === 'postgres') await assertUnused(place.url)
  await makeTables(service, place)
  return place.engine === 'sqlite' ? intoSqlite(place.path) : await intoPostgres(place.url, tables)
}

/** A service that is started with the old settings does not start, instead of selling everything a second time. */
async function setAside(path: string): Promise<string> {
  const old = movedName(path, new Date())
  // Its log was written back into it when it was closed.
  await rename(path, old)
  return old
}
