//! The repository as its rules look at it: every file that is ours, and of TypeScript what it imports, says and does.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { apart, type Import, importsOf } from '../../tools/generate/sources.ts'

export const root = join(import.meta.dir, '../..')

export type SourceFile = {
  /** In the repository, with slashes. */
  readonly path: string
  readonly text: string
  readonly code: string
  readonly comments: string
  /** Files of ours as paths in the repository, packages by their names. */
  readonly imports: readonly (Import & { readonly isOurs: boolean })[]
  readonly isTest: boolean
}

export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Everything that git tracks or would track. */
export const files: readonly string[] = listFiles()

/** Our TypeScript, what was generated left out. */
export const sources: readonly SourceFile[] = files
  .filter((path) => path.endsWith('.ts') && !path.startsWith('contracts/gen/'))
  .map(sourceOf)

/** Folders of services: where there is a `main.ts`. */
export const services: readonly string[] = files
  .filter((path) => /^[a-z]+\/main\.ts$/.test(path))
  .map((path) => dirname(path))

function listFiles(): readonly string[] {
  // Whoever checks the files out need not be who runs the tests.
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const git = Bun.spawnSync(['git', '-c', 'safe.directory=*', ...list], { cwd: root, stdin: 'ignore' })
  const listed = git.success ? git.stdout.toString().split('\0') : allFiles()
  // A file that was deleted and not yet committed is listed still.
  return [...new Set(listed)].filter((path) => path !== '' && existsSync(join(root, path))).sort()
}

/** An unpacked archive has no git: there it is everything but what no archive holds. */
function allFiles(): string[] {
  const elsewhere = /^(node_modules|\.git|\.data|\.cache|coverage)\//
  return [...new Bun.Glob('**/*').scanSync({ cwd: root, dot: true })].filter((path) => !elsewhere.test(path))
}

function sourceOf(path: string): SourceFile {
  const text = textOf(path)
  const imports = importsOf(text).map(({ from, names }) => {
    const isOurs = from.startsWith('.')
    return { from: isOurs ? normalize(join(dirname(path), from)) : from, names, isOurs }
  })
  return { path, text, ...apart(text), imports, isTest: isTest(path) }
}

/** Tests, and what exists for them only. */
function isTest(path: string): boolean {
  return /(\.test|fixture|\/testing)\.ts$|\/conformance\//.test(path) || path.startsWith('tests/')
}
