//! Finds every route that the services declare: by their own apps, of which nothing is ever run.
import { dirname, join } from 'node:path'
import { Registry } from 'prom-client'
import { newId } from '../../contracts/ids.ts'
import { processClock } from '../../contracts/time.ts'
import { createAuthenticate, type Guard } from '../../runtime/auth.ts'
import type { GrpcService } from '../../runtime/grpc.ts'
import type { Http, HttpDeps, RouteInfo } from '../../runtime/http.ts'
import { createLog } from '../../runtime/log.ts'
import { repository } from './files.ts'

export type ServiceRoute = RouteInfo & { readonly service: string }
export type ServiceMethod = {
  readonly service: string
  /** `package.Service/Method`. */
  readonly name: string
  readonly guard: Guard
}

type HttpModule = { readonly http: (deps: object, httpDeps: HttpDeps, doors: object) => Http }
type GrpcModule = { readonly grpc: (deps: object) => GrpcService }

/** By service, in the order of their tables. The gateway declares none: what goes through it is the table in gateway/. */
export async function findRoutes(): Promise<ServiceRoute[]> {
  const found: ServiceRoute[] = []
  for (const file of await modulesOf('http')) {
    const service = dirname(file)
    const { http } = (await import(join(repository, file))) as HttpModule
    for (const route of http({}, nothing(service), {}).routes) found.push({ ...route, service })
  }
  return found
}

/** By service, in the order of their proto files. */
export async function findGrpcMethods(): Promise<ServiceMethod[]> {
  const found: ServiceMethod[] = []
  for (const file of await modulesOf('grpc')) {
    const service = dirname(file)
    const { grpc } = (await import(join(repository, file))) as GrpcModule
    for (const { path, guard } of grpc({}).methods) found.push({ service, name: path.slice(1), guard })
  }
  return found
}

/** Where a route is to be had: through the gateway, inside the network for our own services, or at its service's port. */
export type Door = 'public' | 'inside' | 'rpc'

export function doorOf({ path }: Pick<RouteInfo, 'path'>): Door {
  if (path.startsWith('/internal/')) return 'inside'
  return /^\/(api|payments|\.well-known)\//.test(path) ? 'public' : 'rpc'
}

async function modulesOf(name: 'http' | 'grpc'): Promise<string[]> {
  const files = await Array.fromAsync(new Bun.Glob(`*/${name}.ts`).scan({ cwd: repository }))
  return files.filter((file) => !/^(runtime|gateway)\//.test(file)).sort()
}

const nothing = (service: string): HttpDeps => ({
  service,
  version: '0',
  description: '',
  log: createLog(service, 'silent'),
  registry: new Registry(),
  now: processClock(),
  newId,
  authenticate: createAuthenticate({ requireAuth: true, serviceToken: undefined }),
  idempotencySecret: '',
  bodyLimitBytes: 0,
  requestTimeoutMs: 1,
  inFlightMax: 0,
  ready: async () => ({ ready: false, degraded: [] }),
})
