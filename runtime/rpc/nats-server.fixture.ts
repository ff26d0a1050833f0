//! A nats-server for tests: on a free port of loopback, stopped and started again at will.

export type TestNatsServer = {
  readonly url: string
  stop(): Promise<void>
  /** The connections stay open and nobody answers. Resolves when that is so. */
  freeze(): Promise<void>
  thaw(): void
}

export function freePort(): number {
  const taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = taken
  taken.stop(true)
  return port
}

/** Resolves when the server takes connections. */
export async function startTestNats(
  port: number = freePort(),
  flags: readonly string[] = [],
): Promise<TestNatsServer> {
  const server = Bun.spawn(['nats-server', '--addr', '127.0.0.1', '--port', String(port), ...flags], {
    stdout: 'ignore',
    stderr: 'pipe',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  })
  const ready = Promise.withResolvers<void>()
  // Read to the end: a Go program dies of a write to a pipe that nobody reads.
  const reading = readAll(server.stderr, (log) => log.includes('Server is ready') && ready.resolve())
  await Promise.race([
    ready.promise,
    reading.then((log) => Promise.reject(new Error(`nats-server did not start: ${log}`))),
  ])
  return {
    url: `nats://127.0.0.1:${port}`,
    freeze: async () => {
      server.kill('SIGSTOP')
      // The signal takes its time with a process of many threads.
      while (
        !Bun.spawnSync(['ps', '-o', 'stat=', '-p', String(server.pid)])
          .stdout.toString()
          .startsWith('T')
      ) {
        await Bun.sleep(1)
      }
    },
    thaw: () => server.kill('SIGCONT'),
    stop: async () => {
      server.kill('SIGKILL')
      await Promise.all([server.exited, reading])
    },
  }
}

async function readAll(stream: ReadableStream<Uint8Array>, seen: (log: string) => void): Promise<string> {
  const decoder = new TextDecoder()
  let log = ''
  for await (const chunk of stream) {
    log += decoder.decode(chunk, { stream: true })
    seen(log)
  }
  return log
}
