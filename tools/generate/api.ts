//! Writes every call of every service into docs/api.md, from the apps' own tables of routes.
import { join } from 'node:path'
import { listenPath } from '../../notifier/listen-route.ts'
import { pagePaths } from '../../runtime/http/pages.ts'
import { between, type GeneratedFile, repository, table } from './files.ts'
import {
  type Door,
  doorOf,
  findGrpcMethods,
  findRoutes,
  type ServiceMethod,
  type ServiceRoute,
} from './routes.ts'

export async function apiPage(): Promise<GeneratedFile> {
  const path = 'docs/api.md'
  const page = await Bun.file(join(repository, path)).text()
  const [routes, methods] = await Promise.all([findRoutes(), findGrpcMethods()])
  return { path, text: between(page, 'every call', callsOf([...routes, stream], methods)) }
}

const doors: Readonly<Record<Door, string>> = {
  public: `### REST

At the services' own ports, and through the gateway for the same callers.`,
  rpc: `### RPC over HTTP

At the services' own ports only.`,
  inside: `### Inside

For our own services and proxies, at the services' own ports only.`,
}

type Call = Pick<ServiceRoute, 'service' | 'method' | 'path' | 'guard' | 'changesState' | 'summary'>

/** A stream of events is in no table of routes: it is answered by hand. */
const stream: Call = {
  service: 'notifier',
  method: 'GET',
  path: listenPath,
  guard: 'signed_in',
  changesState: false,
  summary: 'What you are told, while it happens',
}

export function callsOf(routes: readonly Call[], methods: readonly ServiceMethod[]): string {
  const sections = (Object.keys(doors) as Door[]).map((door) => {
    const rows = routes.filter((route) => doorOf(route) === door).map(rowOf)
    return `${doors[door]}\n\n${table(['service', 'call', 'guard', 'key', 'what'], rows)}`
  })
  const dialled = methods.map(({ service, name, guard }) => [service, `\`${name}\``, guard])
  const pages = pagePaths.map((path) => `\`GET ${path}\``).join(', ')
  return [
    ...sections,
    `### gRPC\n\n${table(['service', 'method', 'guard'], dialled)}`,
    `### Pages\n\nEvery service, the gateway too, has ${pages}.`,
  ].join('\n\n')
}

function rowOf({ service, method, path, guard, changesState, summary }: Call): string[] {
  const call = `\`${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}\``
  return [service, call, guard, changesState ? 'yes' : '', summary]
}
