//! A shop of stand-ins in a folder of its own: the real tools, NATS settings and Procfile, with tiny services.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export type ScratchShop = AsyncDisposable & {
  readonly root: string
  write(path: string, text: string): Promise<void>
  remove(): Promise<void>
}

const repository = resolve(import.meta.dir, '../..')
const services = ['catalog', 'loms', 'cart', 'notifier'] as const

/** Ready at once, says so, and ends on SIGTERM. */
export const standIn = `import { basename } from 'node:path'
const name = basename(import.meta.dir)
const port = Number(process.env[name.toUpperCase() + '_HTTP_PORT'])
const server = Bun.serve({ port, hostname: '127.0.0.1', fetch: () => Response.json({ name, pid: process.pid, env: process.env }) })
console.log(JSON.stringify({ name, msg: 'listening', pid: process.pid }))
process.on('SIGTERM', async () => {
  await server.stop(true)
  console.log(JSON.stringify({ name, msg: 'stopped' }))
  process.exit(0)
})
`

/** Works only when NATS is up already. */
const standInSeed = `import { askInfo } from './nats/info.ts'
const { hostname, port } = new URL(process.env.NATS_URL)
const info = await askInfo({ host: hostname, port: Number(port) })
console.log(info ? 'seeded' : 'no NATS')
process.exit(info ? 0 : 1)
`

/** Makes the folder; `remove` (or the end of an \`await using\` block) deletes it. */
export async function makeScratchShop(): Promise<ScratchShop> {
  const root = await mkdtemp(join(tmpdir(), 'kiosk-scratch-'))
  const write = async (path: string, text: string) => void (await Bun.write(join(root, path), text))
  for (const path of [
    'tools/dev',
    'tools/nats',
    'tools/test',
    'tools/dev.ts',
    'tools/nats.ts',
    'tools/test.ts',
    'nats.conf',
    'bunfig.toml',
  ]) {
    await cp(join(repository, path), join(root, path), {
      recursive: true,
      filter: (source) => !source.endsWith('.test.ts'),
    })
  }
  await write(
    'package.json',
    JSON.stringify({ name: 'scratch', type: 'module', scripts: { dev: 'bun tools/dev.ts' } }),
  )
  await write(
    'Procfile',
    ['nats: bun tools/nats.ts run', ...services.map((name) => `${name}: bun ${name}/main.ts`)].join('\n'),
  )
  await write('tools/seed.ts', standInSeed)
  for (const name of services) await write(`${name}/main.ts`, standIn)
  const remove = () => rm(root, { recursive: true, force: true })
  return { root, write, remove, [Symbol.asyncDispose]: remove }
}
