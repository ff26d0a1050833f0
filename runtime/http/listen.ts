//! Stands a service on a port, and takes it down without failing anybody who is being served.
import type { AnyElysia } from 'elysia'
import type { Core } from './served.ts'

export type Listening = {
  readonly port: number
  readonly url: string
  /** Answers not ready, takes no more, finishes what runs, and after `graceMs` ends what still does. */
  close(graceMs: number): Promise<void>
}

// A caller that reuses its connection reads `connection: close` with its next answer, and comes back elsewhere; one whose
// connection is closed under it while it sends cannot know whether it was heard.
const lameDuckMs = 150
// Closing the door cuts off whoever stands in it: connections that were made and not yet taken. While answers are held
// back nobody has a reason to come again, so the door is closed when there is nobody in it.
const holdMs = 50
const quietMs = 1000

/** A port that is taken is an error that names it: it is never shared. */
export function listen(
  app: AnyElysia,
  core: Core,
  { host, port }: { host: string; port: number },
): Listening {
  const { requestTimeoutMs } = core.deps
  try {
    app.listen({
      hostname: host,
      port,
      reusePort: false,
      development: false,
      // Beyond the request's own time, so that a late answer is ours and not a cut connection.
      idleTimeout: Math.min(255, Math.ceil(requestTimeoutMs / 1000) + 5),
      // Bun's own refusal is an empty 413; bodies are counted where a problem document can be answered.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    })
  } catch (error) {
    throw new Error(`cannot listen on ${host}:${port}${isTaken(error) ? ': the port is taken' : ''}`, {
      cause: error,
    })
  }
  const { server } = app
  if (server === null || server.port === undefined)
    throw new Error(`${host}:${port} is no address that we can listen on`)
  core.addressOf = (request) => server.requestIP(request)?.address.replace(/^::ffff:/, '')
  core.keepOpen = (request, silentSeconds) => server.timeout(request, silentSeconds)

  return {
    port: server.port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    async close(graceMs) {
      core.isDraining = true
      const endsAtMs = performance.now() + graceMs
      const isBusy = core.inFlight.size > 0 || performance.now() - core.lastRequestAtMs < quietMs
      if (isBusy) {
        await Bun.sleep(Math.min(lameDuckMs, graceMs))
        core.held = []
        await Bun.sleep(Math.min(holdMs, Math.max(0, endsAtMs - performance.now())))
      }
      const stopped = app.stop()
      release(core)
      await within(Promise.all([stopped, core.inFlight.empty()]), endsAtMs - performance.now())
      await server.stop(true)
    },
  }
}

function release(core: Core): void {
  const held = core.held ?? []
  core.held = undefined
  for (const answer of held) answer()
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, Math.max(0, ms))
  await Promise.race([work, late.promise])
  clearTimeout(timer)
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
}
