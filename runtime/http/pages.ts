//! What every service serves beside its routes: health, metrics, and the document with a page to try it.
import { type ElysiaOpenAPIConfig, openapi } from '@elysiajs/openapi'
import { Elysia } from 'elysia'
import { isLoopback } from '../config.ts'
import type { Readiness } from './deps.ts'
import { documentOf } from './openapi.ts'
import type { RouteInfo } from './route.ts'
import { type Core, headersOfAll, type RouteTag, Served } from './served.ts'

export const pagePaths = ['/health/live', '/health/ready', '/metrics', '/swagger', '/swagger/json'] as const

type Documentation = NonNullable<ElysiaOpenAPIConfig['documentation']>

const readyMsMax = 1000
const kept = { 'cache-control': 'public, max-age=86400' }
const hidden = { detail: { hide: true } }

/** Health is not counted as work in flight: an overloaded process is alive. */
export function createPages(
  core: Core,
  tagOf: (path: string) => RouteTag,
  routes: () => readonly RouteInfo[],
) {
  const app = new Elysia({ name: 'pages' })
  // Where there is nothing to add, Elysia has nothing to merge.
  if (core.deps.headers !== undefined) {
    app.onAfterHandle(({ request, set }) => void Object.assign(set.headers, headersOfAll(core, request)))
  }
  // One question at a time, however many ask: they would only wait for one another in the store.
  let asking: Promise<Readiness> | undefined
  const ask = () => {
    asking ??= askReady(core).finally(() => {
      asking = undefined
    })
    return asking
  }
  return (
    app
      .get('/health/live', () => json(200, { status: 'live' }), hidden)
      // Browsers ask for an icon by themselves, of which nobody needs to read in a log.
      .get('/favicon.ico', () => new Response(null, { status: 204, headers: kept }), hidden)
      .get('/health/ready', () => readiness(core, ask), hidden)
      .get('/metrics', ({ request }) => metrics(core, tagOf('/metrics'), request), hidden)
      .use(swagger(core, routes))
  )
}

async function readiness(core: Core, ask: () => Promise<Readiness>): Promise<Response> {
  const { ready, degraded } = core.isDraining ? { ready: false, degraded: [] } : await ask()
  const status = ready ? (degraded.length === 0 ? 'ready' : 'degraded') : 'not ready'
  return json(ready ? 200 : 503, { status, degraded })
}

/** A check that fails or hangs is an answer too. */
async function askReady({ deps }: Core): Promise<Readiness> {
  const late = Promise.withResolvers<Readiness>()
  const timer = setTimeout(() => late.resolve({ ready: false, degraded: [] }), readyMsMax)
  try {
    return await Promise.race([deps.ready(), late.promise])
  } catch (error) {
    deps.log.error({ err: error }, 'the readiness check failed')
    return { ready: false, degraded: [] }
  } finally {
    clearTimeout(timer)
  }
}

/** Figures tell about the business, so whoever asks from elsewhere needs what a guarded route needs. */
async function metrics(core: Core, tag: RouteTag, request: Request): Promise<Response> {
  const address = core.addressOf(request)
  if (address !== undefined && !isLoopback(address)) {
    const identity = await core.deps.authenticate(
      request.headers.get('authorization') ?? undefined,
      'service',
    )
    if (!identity.ok) return new Served(core, tag, request, () => {}).refusal(identity.error)
  }
  const { registry } = core.deps
  return new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } })
}

function json(status: number, value: unknown): Response {
  return Response.json(value, { status, headers: { 'cache-control': 'no-store' } })
}

const [code, style] = ['swagger-ui-bundle.js', 'swagger-ui.css'] as const

function swagger(core: Core, routes: () => readonly RouteInfo[]) {
  const app = new Elysia({ name: 'swagger' })
  const { document, pageScript } = core.deps
  const script = async () =>
    pageScript === undefined ? fileOf(code) : `${await fileOf(code).text()}\n${pageScript}`
  app.get(`/swagger/${code}`, async () => asset('text/javascript', await script()), hidden)
  app.get(`/swagger/${style}`, () => asset('text/css', fileOf(style)), hidden)
  if (document !== undefined) app.get('/swagger/json', async () => json(200, await document()), hidden)
  return app.use(
    openapi({
      path: '/swagger',
      specPath: document === undefined ? '/swagger/json' : '/swagger/own.json',
      provider: 'swagger-ui',
      openapiVersion: '3.1.0',
      // Nothing is fetched from elsewhere: the page must render without internet, and tells nobody that it was opened.
      swagger: {
        // An option of the page that the plugin hands on; its types know those of the plugin only.
        ...({ url: 'swagger/json' } as object),
        cdn: `/swagger/${code}`,
        theme: `/swagger/${style}`,
        autoDarkMode: false,
        validatorUrl: 'none',
      },
      // TypeBox's schemas are JSON Schema, which the plugin's types know under other names; the linter judges the result.
      documentation: documentOf(core.deps, routes) as unknown as Documentation,
    }),
  )
}

const fileOf = (name: string) => Bun.file(Bun.fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)))

function asset(type: string, content: Blob | string): Response {
  return new Response(content, {
    headers: { 'content-type': type, ...kept },
  })
}
