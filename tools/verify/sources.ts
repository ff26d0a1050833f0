//! The databases of all services in one read-only connection, each as it is at one moment.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { movedAway } from '../../runtime/store/moved.ts'
import { databaseSetting, type Options, type Service, services } from './options.ts'
import { copyPostgres } from './postgres.ts'

export type Source = {
  readonly service: Service
  /** Whether a process is at work on it; undefined where that cannot be told. */
  readonly inUse: boolean | undefined
}

export type Sources = { readonly database: Database; readonly found: readonly Source[] }

/**
 * Attaches each service's database under its name, in the order of `services`. What is in PostgreSQL is copied into
 * `scratch` first.
 */
export async function openSources(urls: Options['urls'], scratch: string): Promise<Sources> {
  const empty = join(scratch, 'empty.sqlite')
  writeFileSync(empty, '')
  // What a read-only connection attaches is read-only too.
  const database = new Database(empty, { readonly: true, timeout: 5_000 }).defaultSafeIntegers()
  database.exec('pragma temp_store = file; pragma cache_size = -65536; pragma threads = 2; begin')
  const found: Source[] = []
  for (const service of services) {
    const source = await locate(service, urls[service], scratch)
    if (source === undefined) continue
    database.prepare(`attach ? as ${service}`).run(source.path)
    // Its moment begins with the first look.
    database.prepare(`select count(*) from ${service}.sqlite_schema`).get()
    found.push({ service, inUse: source.inUse })
  }
  return { database, found }
}

type Located = { readonly path: string; readonly inUse: boolean | undefined }

async function locate(service: Service, url: string, scratch: string): Promise<Located | undefined> {
  if (/^postgres(ql)?:\/\//.test(url)) {
    const path = join(scratch, `${service}.sqlite`)
    const { tables, othersConnected } = await copyPostgres(url, path)
    return tables === 0 ? undefined : { path, inUse: othersConnected }
  }
  if (!url.startsWith('sqlite:')) {
    throw new Error(`the database URL of ${service} begins neither with sqlite: nor with postgres://`)
  }
  const path = resolve(url.slice('sqlite:'.length))
  const moved = movedAway(path)
  if (moved !== undefined)
    throw new Error(`what was in ${path} was moved (${moved}): ${databaseSetting(service)} must say where to`)
  return existsSync(path) ? { path, inUse: isInUse(path) } : undefined
}

/** Whoever has a WAL database open holds a shared lock on its file. Only Linux tells, and only before we hold one too. */
function isInUse(path: string): boolean | undefined {
  if (!existsSync('/proc/locks')) return undefined
  const inode = String(statSync(path).ino)
  const lines = readFileSync('/proc/locks', 'utf8').split('\n')
  return lines.some((line) => /:(\d+) \S+ \S+$/.exec(line)?.[1] === inode)
}
