//! Puts the door together from its settings.
import type { HttpDeps } from '../runtime/http.ts'
import type { Nats } from '../runtime/nats.ts'
import { rpcClient } from '../runtime/rpc.ts'
import type { Frame } from '../runtime/service.ts'
import { remoteKeys, type TokenOptions, tokenVerifier } from '../runtime/tokens.ts'
import type { Config } from './config.ts'
import type { Deps } from './deps.ts'
import { documentOf } from './documents.ts'
import { createForward, type Forward, forwardMetrics } from './forward.ts'
import { limitOf } from './limits.ts'
import { pageScript } from './page-script.ts'
import { type UpstreamName, upstreamNames } from './routes.ts'
import { createSessions } from './sessions.ts'

export type Door = {
  readonly deps: Deps
  readonly http: HttpDeps
  /** Answers that do not end by themselves, e.g. because the process does. */
  endStreams(): void
}

/** Of the places that there are, a service's: two that hang at once still leave some to the others. */
const shareOfOne = 0.4

/** Listeners to event streams, of all services together. */
const streamsMax = 10_000

export function doorOf({
  config,
  frame,
  nats,
  fetchesMax,
  keys = remoteKeys(config.jwksUrl, frame.now),
}: {
  readonly config: Config
  readonly frame: Frame
  readonly nats: Nats
  /** Requests that Bun has under way at once, all services together. */
  readonly fetchesMax: number
  readonly keys?: TokenOptions['keys']
}): Door {
  const { log, registry, now } = frame
  const metrics = forwardMetrics(registry)
  const upstreams = Object.fromEntries(
    upstreamNames.map((name): [UpstreamName, Forward] => [
      name,
      createForward({
        name,
        targets: config.upstreams[name],
        placesMax: Math.max(1, Math.floor(fetchesMax * shareOfOne)),
        waitingMax: Math.floor(config.inFlightMax * shareOfOne),
        streamsMax,
        metrics,
        log,
        now,
      }),
    ]),
  ) as Deps['upstreams']
  const away = () => upstreamNames.filter((name) => !upstreams[name].isThere())
  const http = frame.http({ description: 'The one public door.' }, { nats })

  return {
    deps: {
      upstreams,
      sessions: createSessions({ rpc: rpcClient({ nats, log, registry, now }), now }),
      verifyToken: tokenVerifier({ keys, now }),
      limits: {
        address: limitOf(config.requestsPerAddress),
        account: limitOf(config.requestsPerAccount),
        signIns: limitOf(config.signInsPerAddress),
      },
      trustedProxies: config.trustedProxies,
      corsOrigins: new Set(config.corsOrigins),
      csrfSecret: config.csrfSecret,
      now,
      log,
    },
    http: {
      ...http,
      document: documentOf({ upstreams: config.upstreams, log, now }),
      pageScript,
      ready: async () => {
        const { ready, degraded } = await http.ready()
        return { ready, degraded: [...degraded, ...away()] }
      },
    },
    endStreams: () => {
      for (const name of upstreamNames) upstreams[name].endStreams()
    },
  }
}
