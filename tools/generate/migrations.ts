//! Emits the migrations of both engines from the one schema module of each service, through drizzle-kit.
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { postgresKit, sqliteKit } from '../../runtime/store/columns.ts'

const root = join(import.meta.dir, '../..')
const scratch = join(root, '.cache/generate')
// Two checks at once must not meet.
const copies = `.cache/generate/check-${process.pid}`
const engines = [
  { engine: 'sqlite', dialect: 'sqlite', kit: 'sqliteKit' },
  { engine: 'postgres', dialect: 'postgresql', kit: 'postgresKit' },
] as const

/** Folders that hold a `schema.ts` with an exported function `schema(kit)`; migrations go into `migrations/` beside it. */
async function schemaFolders(): Promise<string[]> {
  const found = await Promise.all(
    ['*/store/schema.ts', 'runtime/**/schema.ts'].map((pattern) =>
      Array.fromAsync(new Bun.Glob(pattern).scan({ cwd: root })),
    ),
  )
  const folders = found.flat().map((file) => file.slice(0, -'/schema.ts'.length))
  return [...new Set(folders)].filter((folder) => !folder.startsWith('node_modules')).sort()
}

/**
 * Makes what is missing; answers with the files that were written. With `check` nothing is left behind, and a schema
 * without its migration is the answer.
 */
export async function generateMigrations(options: { check: boolean; name?: string }): Promise<string[]> {
  try {
    return await generateAll(options)
  } finally {
    await rm(join(root, copies), { recursive: true, force: true })
  }
}

async function generateAll(options: { check: boolean; name?: string }): Promise<string[]> {
  await mkdir(scratch, { recursive: true })
  const written: string[] = []
  for (const folder of await schemaFolders()) {
    const { schema } = (await import(join(root, folder, 'schema.ts'))) as { schema: (kit: unknown) => object }
    for (const { engine, dialect, kit } of engines) {
      const names = Object.keys(schema(engine === 'sqlite' ? sqliteKit : postgresKit))
      const entry = join(scratch, `${folder.replaceAll('/', '-')}.${engine}.ts`)
      // drizzle-kit sees tables only where a module exports them by name.
      const source = [
        `import { ${kit} } from '${join(root, 'runtime/store/columns.ts')}'`,
        `import { schema } from '${join(root, folder, 'schema.ts')}'`,
        `export const { ${names.join(', ')} } = schema(${kit})`,
      ]
      await writeFile(entry, `${source.join('\n')}\n`)
      written.push(...(await generateOne(join(folder, 'migrations', engine), dialect, entry, options)))
    }
  }
  return written
}

async function generateOne(
  folder: string,
  dialect: string,
  schema: string,
  { check, name }: { check: boolean; name?: string },
): Promise<string[]> {
  const out = join(root, folder)
  const before = new Set(existsSync(out) ? await readdir(out) : [])
  const isFirst = before.size === 0
  // A change that nobody has named is only looked for: what it would be called is not for us to say.
  const inCopy = check || (!isFirst && name === undefined)
  const target = inCopy ? await copyFor(folder) : folder
  // drizzle-kit refuses an absolute `out`.
  const args = ['--dialect', dialect, '--schema', schema, '--out', target]
  args.push('--name', name ?? (isFirst ? 'create_tables' : 'unnamed'))
  const child = Bun.spawn(
    [process.execPath, join(root, 'node_modules/drizzle-kit/bin.cjs'), 'generate', ...args],
    {
      cwd: root,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  )
  const [code, output, problems] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  if (code !== 0 || /error/i.test(problems))
    throw new Error(`drizzle-kit failed for ${folder}:\n${output}${problems}`)
  const after = (await readdir(join(root, target))).filter(
    (file) => file.endsWith('.sql') && !before.has(file),
  )
  if (inCopy && !check && after.length > 0)
    throw new Error(`the schema of ${folder} has changed: bun run generate --name <what_the_change_does>`)
  if (!inCopy && dialect === 'sqlite') await Promise.all(after.map((file) => refine(join(out, file))))
  return after.map((file) => join(folder, file))
}

/** Says what drizzle-kit cannot: every table checks its types, and one with a composite key is kept in the key's own tree. */
async function refine(path: string): Promise<void> {
  const text = await Bun.file(path).text()
  const statements = text.split('--> statement-breakpoint').map((statement) => {
    if (!/^\s*CREATE TABLE/.test(statement)) return statement
    const options = /PRIMARY KEY\(/.test(statement) ? 'STRICT, WITHOUT ROWID' : 'STRICT'
    return statement.replace(/\);?(\s*)$/, `) ${options};$1`)
  })
  await writeFile(path, statements.join('--> statement-breakpoint'))
}

/** A copy to generate into, so that checking leaves the real folder as it was. */
async function copyFor(folder: string): Promise<string> {
  const target = join(copies, folder)
  await mkdir(join(root, target), { recursive: true })
  if (existsSync(join(root, folder))) await cp(join(root, folder), join(root, target), { recursive: true })
  return target
}
