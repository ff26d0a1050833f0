//! What the tests of the connection need beyond a plain nats-server: one with its own configuration, and one that stands still.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestNats } from '../../tests/harness/nats.ts'
import { freePort } from '../../tests/harness/ports.ts'
import { findNatsServer } from '../../tools/nats/find.ts'
import { waitForInfo } from '../../tools/nats/info.ts'

/** The connections of a frozen server stay open, and nobody answers. Resolves when that is so. */
export async function freeze(server: Pick<TestNats, 'pid' | 'signal'>): Promise<void> {
  server.signal('SIGSTOP')
  // The signal takes its time with a process of many threads.
  const state = () => Bun.spawnSync(['ps', '-o', 'stat=', '-p', String(server.pid)]).stdout.toString()
  while (!state().startsWith('T')) await Bun.sleep(1)
}

/** A nats-server of `config` alone, e.g. with users. Resolves when it takes connections. */
export async function startNatsWith(config: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-nats-'))
  const path = join(folder, 'nats.conf')
  const port = freePort()
  await Bun.write(path, `listen: "127.0.0.1:${port}"\n${config}\n`)
  const { path: binary } = await findNatsServer()
  const server = Bun.spawn([binary, '-c', path], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' })
  const stop = async () => {
    server.kill('SIGKILL')
    await server.exited
    await rm(folder, { recursive: true, force: true })
  }
  if (await waitForInfo({ host: '127.0.0.1', port }, { timeoutMs: 10_000 }))
    return { url: `nats://127.0.0.1:${port}`, stop }
  await stop()
  throw new Error(`nats-server did not start with:\n${config}`)
}
