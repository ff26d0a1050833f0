//! The pinned nats-server release from GitHub, taken only if it is byte for byte the one that we know.
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export const pinnedVersion = '2.11.6'

// SHA-256 of nats-server-v2.11.6-linux-<arch>.tar.gz, as the official container image checks them
// (https://github.com/nats-io/nats-docker, https://github.com/docker-library/repo-info). For macOS there is no
// such record, and a hash that nobody published is no check: there `brew install nats-server` is the way.
const releases: Record<string, { readonly arch: string; readonly sha256: string }> = {
  'linux-x64': { arch: 'amd64', sha256: '5e5272dd1bdb8da020aedc8cf883fb26c128441809a992f156e0b1ccb28ac5b7' },
  'linux-arm64': {
    arch: 'arm64',
    sha256: '4fe3c40bddc58e31012f55865df0dcd24012995d2893a4d64a0ae5cb147d7a36',
  },
}

export type Download = { readonly url: string; readonly sha256: string; readonly platform: string }

/** Puts the pinned release at `target`; answers why not when it cannot be had. */
export async function downloadRelease(target: string): Promise<string | undefined> {
  const platform = `${process.platform}-${process.arch}`
  const release = releases[platform]
  if (!release) return `no pinned release for ${platform}`
  const name = `nats-server-v${pinnedVersion}-linux-${release.arch}`
  const url = `https://github.com/nats-io/nats-server/releases/download/v${pinnedVersion}/${name}.tar.gz`
  return await installArchive({ url, sha256: release.sha256, member: `${name}/nats-server`, target })
}

/** Fetches a .tar.gz, compares its hash, and moves `member` to `target` in one step, so that nobody runs half a file. */
export async function installArchive(from: {
  url: string
  sha256: string
  member: string
  target: string
}): Promise<string | undefined> {
  const archive = await fetchBytes(from.url)
  if (typeof archive === 'string') return archive
  const sha256 = new Bun.CryptoHasher('sha256').update(archive).digest('hex')
  if (sha256 !== from.sha256) return `${from.url} has sha256 ${sha256}, expected ${from.sha256}: not used`

  await mkdir(dirname(from.target), { recursive: true })
  const folder = await mkdtemp(join(dirname(from.target), 'nats-'))
  try {
    await Bun.write(join(folder, 'archive.tar.gz'), archive)
    const tar = Bun.spawn(['tar', '-xzf', 'archive.tar.gz', from.member], {
      cwd: folder,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    })
    if ((await tar.exited) !== 0) return `tar: ${(await tar.stderr.text()).trim()}`
    await chmod(join(folder, from.member), 0o755)
    await rename(join(folder, from.member), from.target)
    return undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function fetchBytes(url: string): Promise<Uint8Array | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000) })
    if (!response.ok) return `${url} answered ${response.status}`
    return await response.bytes()
  } catch (error) {
    // Offline is an ordinary state of a laptop: the next source is tried.
    return `${url}: ${error instanceof Error ? error.message : String(error)}`
  }
}
