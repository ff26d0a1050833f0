//! The two ways to fetch a server, with a web server and an apt-get of our own.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { unpackDebianPackage } from './debian.ts'
import { installArchive } from './download.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kiosk-fetch-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const program = '#!/bin/sh\necho "nats-server: v2.6.6"\n'

async function run(...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { cwd: folder, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
  expect(await child.exited).toBe(0)
  return await child.stdout.text()
}

describe('a release', () => {
  const member = 'nats-server-v2.6.6/nats-server'
  let archive: Uint8Array<ArrayBuffer>
  let sha256: string
  beforeAll(async () => {
    await Bun.write(join(folder, member), program)
    await run('tar', '-czf', 'release.tar.gz', member)
    archive = await Bun.file(join(folder, 'release.tar.gz')).bytes()
    sha256 = new Bun.CryptoHasher('sha256').update(archive).digest('hex')
  })

  test('is unpacked when it is the one that we know, and leaves nothing else behind', async () => {
    using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(archive) })
    const target = join(folder, 'good/bin/nats-server')
    expect(await installArchive({ url: server.url.href, sha256, member, target })).toBeUndefined()
    expect(await run(target)).toBe('nats-server: v2.6.6\n')
    expect(await readdir(dirname(target))).toEqual(['nats-server'])
  })

  test('with another hash is not used', async () => {
    using server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('something else') })
    const target = join(folder, 'bad/bin/nats-server')
    expect(await installArchive({ url: server.url.href, sha256, member, target })).toContain('not used')
    expect(existsSync(target)).toBe(false)
  })

  test('that cannot be had gives a reason', async () => {
    using server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('', { status: 404 }),
    })
    const target = join(folder, 'absent/bin/nats-server')
    expect(await installArchive({ url: server.url.href, sha256, member, target })).toContain('404')
    await server.stop(true)
    expect(await installArchive({ url: server.url.href, sha256, member, target })).toContain(server.url.href)
  })
})

describe.skipIf(!Bun.which('dpkg-deb'))('the Debian package', () => {
  /** An apt-get whose `download` works only after an `update` into private lists, and not at all without a package. */
  async function aptGet(withPackage: boolean): Promise<string> {
    const bin = join(folder, withPackage ? 'apt' : 'apt-empty')
    await mkdir(bin, { recursive: true })
    const deb = join(folder, 'nats-server.deb')
    const script = `#!/bin/sh
lists=/nowhere
for word in "$@"; do
  case "$word" in
  Dir::State=*) lists="\${word#*=}" ;;
  update) touch "$lists/updated"; exit ;;
  download) ${withPackage ? `[ -e "$lists/updated" ] && cp ${deb} .` : 'echo "E: no such package" >&2; exit 100'}; exit ;;
  esac
done
exit 1
`
    await Bun.write(join(bin, 'apt-get'), script)
    await chmod(join(bin, 'apt-get'), 0o755)
    return `${bin}:${process.env.PATH}`
  }

  beforeAll(async () => {
    await Bun.write(join(folder, 'deb/usr/sbin/nats-server'), program)
    await Bun.write(
      join(folder, 'deb/DEBIAN/control'),
      'Package: nats-server\nVersion: 2.6.6\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: a stand-in\n',
    )
    await run('dpkg-deb', '--build', 'deb', 'nats-server.deb')
  })

  test('is unpacked without root, with package lists of our own where the machine has none', async () => {
    const target = join(folder, 'debian/bin/nats-server')
    expect(await unpackDebianPackage(target, { ...process.env, PATH: await aptGet(true) })).toBeUndefined()
    expect(await run(target)).toBe('nats-server: v2.6.6\n')
    expect(await readdir(dirname(target))).toEqual(['nats-server'])
  })

  test('that apt does not have gives a reason', async () => {
    const target = join(folder, 'debian-absent/bin/nats-server')
    expect(await unpackDebianPackage(target, { ...process.env, PATH: await aptGet(false) })).toContain(
      'no such package',
    )
    expect(existsSync(target)).toBe(false)
  })
})
