//! What generating comes to: texts by path, compared with what is there, written where they differ.
import { readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

export type GeneratedFile = {
  /** In the repository, with slashes. */
  readonly path: string
  readonly text: string
}

export type Wanted = {
  readonly files: readonly GeneratedFile[]
  /** Folders that hold nothing else: what is in them and not wanted goes. */
  readonly folders?: readonly string[]
}

export const repository = resolve(import.meta.dir, '../..')

/** The folders of the services: those that have settings, of their own. */
export async function serviceFolders(): Promise<readonly string[]> {
  const files = await Array.fromAsync(new Bun.Glob('*/config.ts').scan({ cwd: repository }))
  const folders = files.map((file) => file.slice(0, -'/config.ts'.length))
  return folders.filter((folder) => folder !== 'runtime').sort()
}

/** Writes what is missing or different and answers with its paths; with `check` it answers only. */
export async function bringAbout(
  { files, folders = [] }: Wanted,
  { check, root = repository }: { readonly check: boolean; readonly root?: string },
): Promise<string[]> {
  const different: string[] = []
  for (const { path, text } of files) {
    if ((await textOf(join(root, path))) === text) continue
    different.push(path)
    if (!check) await Bun.write(join(root, path), text)
  }
  const wanted = new Set(files.map(({ path }) => path))
  for (const folder of folders) {
    for (const name of await namesIn(join(root, folder))) {
      const path = `${folder}/${name}`
      if (wanted.has(path)) continue
      different.push(path)
      if (!check) await rm(join(root, path), { recursive: true })
    }
  }
  return different.sort()
}

/** Puts `content` between the two marker lines of a page that is otherwise written by hand. */
export function between(page: string, marker: string, content: string): string {
  const [start, end] = [`<!-- ${marker} -->`, `<!-- end of ${marker} -->`]
  const [head, rest, ...more] = page.split(start)
  const [, tail, ...others] = (rest ?? '').split(end)
  if (head === undefined || tail === undefined || more.length > 0 || others.length > 0)
    throw new Error(`the page has not exactly one pair of ${start} and ${end}`)
  return `${head}${start}\n${content.trim()}\n${end}${tail}`
}

/** A cell of a Markdown table. */
export const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

/** A Markdown table. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

async function textOf(path: string): Promise<string | undefined> {
  const file = Bun.file(path)
  return (await file.exists()) ? await file.text() : undefined
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
