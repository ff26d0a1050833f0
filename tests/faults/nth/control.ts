//! The test's side of the fault points: arms faults in the services that run, and hears what becomes of them.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Socket } from 'bun'
import { type Arm, type Fault, lineReader, type Report, socketSetting, type Words } from './faults.ts'

export type Listener = {
  fired(fault: Fault): void
  /** A process has ended. `killed` is the fault that has done it; without one, nobody knows why. */
  gone(service: string, killed: Fault | undefined): void
}

export type Control = AsyncDisposable & {
  /** For every service under test. */
  readonly env: Readonly<Record<string, string>>
  readonly bunFlags: readonly string[]
  /**
   * Counting begins anew in all services, and these faults wait; answers for the time before. A service that starts
   * later is told of those that still wait.
   */
  arm(faults: readonly Fault[]): Promise<readonly Report[]>
  listen(listener: Listener): void
}

type Peer = { service: string; readonly hear: (data: Uint8Array) => void; readonly asked: Asked[] }
type Asked = { readonly resolve: (report: Report) => void; readonly before: readonly Fault[] }

export async function startControl(): Promise<Control> {
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-nth-'))
  const path = join(folder, 'socket')
  const peers = new Set<Socket<Peer>>()
  let waiting: readonly Fault[] = []
  let listener: Listener = { fired: () => undefined, gone: () => undefined }

  const drop = (fault: Fault) => {
    waiting = waiting.filter((other) => !Bun.deepEquals(other, fault))
  }
  const armOne = (socket: Socket<Peer>, before: readonly Fault[]) =>
    new Promise<Report>((resolve) => {
      socket.data.asked.push({ resolve, before })
      const faults = waiting.filter(({ service }) => service === socket.data.service)
      socket.write(`${JSON.stringify({ faults } satisfies Arm)}\n`)
    })

  function heard(socket: Socket<Peer>, words: Words): void {
    if ('hello' in words) {
      socket.data.service = words.hello
      peers.add(socket)
      void armOne(socket, [])
    } else if ('passed' in words) {
      socket.data.asked.shift()?.resolve(words)
    } else {
      drop(words.fired)
      listener.fired(words.fired)
    }
  }

  function left(socket: Socket<Peer>): void {
    const { service, asked } = socket.data
    for (const { resolve } of asked) resolve({ service, passed: {} })
    if (!peers.delete(socket)) return
    // Whoever has not answered yet was killed by what waited before.
    const waited = asked[0]?.before ?? waiting
    const killed = waited.find((fault) => fault.service === service && fault.kind === 'kill')
    if (killed !== undefined) {
      drop(killed)
      listener.fired(killed)
    }
    listener.gone(service, killed)
  }

  const server = Bun.listen<Peer>({
    unix: path,
    socket: {
      open(socket) {
        // What comes is what points.ts says.
        const hear = lineReader((line) => heard(socket, JSON.parse(line) as Words))
        socket.data = { service: '', hear, asked: [] }
      },
      data: (socket, data) => socket.data.hear(data),
      close: left,
    },
  })
  return {
    env: { [socketSetting]: path },
    bunFlags: ['--preload', join(import.meta.dir, 'points.ts')],
    async arm(faults) {
      const before = waiting
      waiting = faults
      return await Promise.all([...peers].map((peer) => armOne(peer, before)))
    },
    listen(told) {
      listener = told
    },
    async [Symbol.asyncDispose]() {
      server.stop(true)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
