//! Where each service keeps its data, and what of: what `backup`, `restore` and `move` go by.
import { dirname, join, resolve } from 'node:path'
import { movedAway } from '../../runtime/store/moved.ts'
import { openStore } from '../../runtime/store/open.ts'
import type { Schema } from '../../runtime/store/store.ts'
import { migrateFile } from './sqlite.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** A file, or a database of a PostgreSQL server. */
export type Place =
  | { readonly engine: 'sqlite'; readonly path: string }
  | { readonly engine: 'postgres'; readonly url: string }

export type Home = { readonly service: string; readonly place: Place }

const repository = resolve(import.meta.dir, '../..')
const schemas = [...new Bun.Glob('*/store/schema.ts').scanSync({ cwd: repository })]

/** Every service that keeps data. A list by hand would one day leave one out of a backup. */
export const services: readonly string[] = schemas.map((path) => dirname(dirname(path))).sort()

export async function schemaOf(service: string): Promise<Schema<object>> {
  const module: { schema: Schema<object> } = await import(join(repository, service, 'store/schema.ts'))
  return module.schema
}

export const migrationsOf = (service: string): string => join(repository, service, 'store/migrations')

/** The setting that says where a service has its data, when that is not a file in the data folder. */
export const databaseSetting = (service: string): string =>
  `${service.toUpperCase().replaceAll('-', '_')}_DATABASE_URL`

/** Where the services of these settings have their data: each where its own setting says, else in the data folder. */
export function homesOf(env: Env, dataDir: string): readonly Home[] {
  return services.map((service) => {
    const setting = databaseSetting(service)
    return {
      service,
      place: placeOf(env[setting] || `sqlite:${join(dataDir, `${service}.sqlite`)}`, setting),
    }
  })
}

/** Reads a database URL; `named` is what an error calls it, because the URL may hold a password. */
export function placeOf(url: string, named: string): Place {
  if (/^postgres(ql)?:\/\//.test(url)) return { engine: 'postgres', url }
  if (!url.startsWith('sqlite:') || url === 'sqlite::memory:')
    throw new Error(`${named} is neither sqlite:<path> nor postgres://…`)
  return { engine: 'sqlite', path: resolve(url.slice('sqlite:'.length)) }
}

/** For people: without user and password. */
export function wordsOf(place: Place): string {
  if (place.engine === 'sqlite') return place.path
  const { host, pathname } = new URL(place.url)
  return `PostgreSQL at ${host}${pathname}`
}

/**
 * That a service's data was moved to another database and its setting does not say where to, in words; undefined where that
 * is not so. A file that is gone because of it is not one that never was.
 */
export function forgottenMove({ service, place }: Home): string | undefined {
  if (place.engine !== 'sqlite') return undefined
  const moved = movedAway(place.path)
  if (moved === undefined) return undefined
  return `what was in ${place.path} was moved (${moved}): ${databaseSetting(service)} must say where to`
}

/** Makes the tables of a service, as its start would; what is there is brought up to this version. */
export async function makeTables(service: string, place: Place): Promise<void> {
  const migrations = migrationsOf(service)
  if (place.engine === 'sqlite') return migrateFile(place.path, migrations)
  const store = await openStore(place.url, { schema: await schemaOf(service), migrations })
  await store.close()
}
