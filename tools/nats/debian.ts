//! nats-server out of the Debian package, unpacked without root: apt checks the signature, nothing is installed.
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

type Env = Record<string, string | undefined>

/** Puts the package's nats-server at `target`; answers why not when it cannot be had. */
export async function unpackDebianPackage(
  target: string,
  env: Env = process.env,
): Promise<string | undefined> {
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (!Bun.which(tool, { PATH: env.PATH ?? '' })) return `there is no ${tool} here`
  }
  await mkdir(dirname(target), { recursive: true })
  const folder = await mkdtemp(join(dirname(target), 'debian-'))
  try {
    const reason = (await download(folder, [], env)) && (await downloadWithOwnLists(folder, env))
    if (reason) return reason
    const file = (await readdir(folder)).find((name) => name.endsWith('.deb'))
    if (file === undefined) return 'apt-get left no package'
    const failure = await run(['dpkg-deb', '-x', file, 'package'], folder, env)
    if (failure) return failure
    const binary = join(folder, 'package/usr/sbin/nats-server')
    await chmod(binary, 0o755)
    await rename(binary, target)
    return undefined
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The machine's package lists may be absent or old, and only root may renew them: a private copy serves as well. */
async function downloadWithOwnLists(folder: string, env: Env): Promise<string | undefined> {
  const state = join(folder, 'apt')
  await mkdir(join(state, 'lists/partial'), { recursive: true })
  await mkdir(join(state, 'cache/archives/partial'), { recursive: true })
  const options = [
    `Dir::State=${state}`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${join(state, 'cache')}`,
  ]
  const flags = options.flatMap((option) => ['-o', option])
  // One broken source among several fails the update, while the list that matters may have come.
  const updateFailure = await run(['apt-get', ...flags, '-q', 'update'], folder, env)
  const failure = await download(folder, flags, env)
  return failure && [updateFailure, failure].filter(Boolean).join('; ')
}

const download = (folder: string, flags: readonly string[], env: Env) =>
  run(['apt-get', ...flags, '-q', 'download', 'nats-server'], folder, env)

/** Undefined when it worked, else the last words of the command. */
async function run(command: string[], cwd: string, env: Env): Promise<string | undefined> {
  const child = Bun.spawn(command, {
    cwd,
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
    timeout: 120_000,
  })
  const [words, code] = await Promise.all([child.stderr.text(), child.exited])
  if (code === 0) return undefined
  const last = words.trim().split('\n').at(-1) ?? ''
  return `${command[0]} ${command.includes('update') ? 'update' : command.at(-1)} failed: ${last || `exit code ${code}`}`
}
