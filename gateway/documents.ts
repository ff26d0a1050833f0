//! The services' OpenAPI documents: fetched when somebody looks, and again when they may have changed.
import type { Clock, Instant } from '../contracts/time.ts'
import { plusMs } from '../contracts/time.ts'
import type { Logger } from '../runtime/log.ts'
import { type Documents, mergedDocument } from './openapi.ts'
import { type UpstreamName, upstreamNames } from './routes.ts'
import type { Target } from './upstreams.ts'

const keptMs = 10_000
const timeoutMs = 2_000
const bytesMax = 8 * 1024 * 1024

/** Answers the one document; what a service told before is shown while it is away. */
export function documentOf({
  upstreams,
  log,
  now,
}: {
  readonly upstreams: Readonly<Record<UpstreamName, readonly Target[]>>
  readonly log: Logger
  readonly now: Clock
}): () => Promise<object> {
  const known: { -readonly [K in UpstreamName]?: unknown } = {}
  let merged: Promise<object> | undefined
  let staleAt: Instant | undefined

  const refresh = async (): Promise<object> => {
    await Promise.all(
      upstreamNames.map(async (name) => {
        const document = await ask(name)
        if (document !== undefined) known[name] = document
      }),
    )
    return mergedDocument(known satisfies Documents)
  }

  async function ask(name: UpstreamName): Promise<unknown> {
    const [target] = upstreams[name].filter(({ weight }) => weight > 0)
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(`${target?.url}/swagger/json`, { redirect: 'error', signal })
      if (response.status !== 200) throw new Error(`answered ${response.status}`)
      const text = await response.text()
      if (text.length > bytesMax) throw new Error('the document is too large')
      return JSON.parse(text)
    } catch (error) {
      // A service that is away or not there yet is no failure of the page.
      log.debug({ err: error, peer: name }, 'no document of a service')
      return undefined
    }
  }

  return () => {
    if (merged === undefined || staleAt === undefined || now() >= staleAt) {
      staleAt = plusMs(now(), keptMs)
      merged = refresh()
    }
    return merged
  }
}
