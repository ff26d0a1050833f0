//! Makes contracts/gen from contracts/proto. Everything that runs comes from node_modules; nothing is fetched.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'

const root = resolve(import.meta.dir, '../..')
const contracts = join(root, 'contracts')
const generated = join(contracts, 'gen')
const buf = join(root, 'node_modules/@bufbuild/buf/bin/buf')
const plugin = join(root, 'node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es')

/**
 * Writes what contracts/gen lacks or has otherwise, removes what is there and should not be, and answers with those
 * files, relative to the repository. With `check` it writes nothing. Protos that break the lint rules are an error.
 */
export async function generateProto(options: { readonly check: boolean }): Promise<string[]> {
  const fresh = await mkdtemp(join(tmpdir(), 'kiosk-proto-'))
  try {
    await runBuf(['lint', contracts])
    await runBuf(['generate', contracts, '--template', template(), '--output', fresh])
    const wanted = await textsUnder(fresh)
    const present = await textsUnder(generated)
    const names = [...new Set([...wanted.keys(), ...present.keys()])]
    const different = names.filter((name) => wanted.get(name) !== present.get(name)).sort()
    if (!options.check) await bringAbout(different, wanted)
    return different.map((name) => `contracts/gen/${name}`)
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/** Both scripts ask for `node` in their first line; whoever has this repository has Bun. */
function template(): string {
  return JSON.stringify({
    version: 'v2',
    plugins: [{ local: [process.execPath, plugin], out: '.', opt: ['target=ts', 'import_extension=ts'] }],
  })
}

async function runBuf(args: readonly string[]): Promise<void> {
  const child = Bun.spawn([process.execPath, buf, ...args], { cwd: root, stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (exitCode !== 0) throw new Error(`buf ${args[0]} failed (${exitCode}):\n${stdout}${stderr}`)
}

async function bringAbout(names: readonly string[], wanted: ReadonlyMap<string, string>): Promise<void> {
  for (const name of names) {
    const text = wanted.get(name)
    if (text === undefined) await rm(join(generated, name))
    else await Bun.write(join(generated, name), text)
  }
}

/** Every file of a folder by its path in it, with slashes; none where there is no folder yet. */
async function textsUnder(folder: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for (const entry of await entriesOf(folder)) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    texts.set(relative(folder, path).replaceAll(sep, '/'), await Bun.file(path).text())
  }
  return texts
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { recursive: true, withFileTypes: true })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
