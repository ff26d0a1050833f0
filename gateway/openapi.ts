//! One OpenAPI document of the whole API, put together from those of the services: what the door does not route is not in it.
import { type ErrorCode, errorEntry } from '../contracts/errors.ts'
import { problemHeaders } from '../runtime/http/openapi.ts'
import { problemType, statusOf } from '../runtime/http/problem.ts'
import { changesState } from './csrf.ts'
import { type GatewayRoute, routes, type UpstreamName, upstreamNames } from './routes.ts'

type Json = { readonly [name: string]: unknown }
export type Documents = Partial<Readonly<Record<UpstreamName, unknown>>>

const info = {
  title: 'Kiosk',
  version: '0.1.0',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  description: `The shop's whole API, through its one door.

Sign in by \`POST /api/v1/login\` and send the access token as a bearer, or, in a browser, let the \`session_id\` cookie do it: then every POST, PUT, PATCH and DELETE carries the value of the \`csrf_token\` cookie in \`X-CSRF-Token\`. A page of another host finds it in that header of the sign-in's answer.

How much one may ask stands in \`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\` (seconds).`,
}

const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The access token of a sign-in.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'session_id',
    description: 'Set by a sign-in.',
  },
  csrf: {
    type: 'apiKey',
    in: 'header',
    name: 'X-CSRF-Token',
    description: 'Beside the session where something is changed: the value of the `csrf_token` cookie.',
  },
}

const whole = (description: string) => ({ description, schema: { type: 'integer', minimum: 0 } })
/** Once for all: they stand on every answer of every route. */
const limitHeaders = {
  'RateLimit-Limit': whole('How much may be asked in a minute. Absent where there is no limit.'),
  'RateLimit-Remaining': whole('How much of it is left.'),
  'RateLimit-Reset': whole('The seconds until it is whole again.'),
}
const limitRefs = Object.fromEntries(
  Object.keys(limitHeaders).map((name) => [name, { $ref: `#/components/headers/${name}` }]),
)
const tokenHeader = {
  'X-CSRF-Token': {
    description: 'Beside the `csrf_token` cookie, wherever that is set: the same, for pages of other hosts.',
    schema: { type: 'string' },
  },
}

const problemRef = { $ref: '#/components/schemas/Problem' }

/** What the door itself refuses with, beside what the service behind it does. */
function ownRefusals({ method, kind }: GatewayRoute): readonly ErrorCode[] {
  return method === 'GET' || kind === 'webhook' ? ['too_many_requests'] : ['too_many_requests', 'csrf']
}

/** The responses of a service, and in them what the door adds. */
function responsesOf(route: GatewayRoute, given: Json): Json {
  const responses: Record<string, unknown> = { ...given }
  for (const code of ownRefusals(route)) {
    const status = statusOf(code, 'rest')
    responses[status] = withRefusal(recordOf(responses[status]), code, status)
  }
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      withHeaders(route, Number(status), recordOf(response)),
    ]),
  )
}

/** What the response comes with; where it is only named, nothing can be said beside that. */
function withHeaders(route: GatewayRoute, status: number, response: Json): Json {
  if ('$ref' in response) return response
  const { kind } = route
  const isToken =
    status === 403
      ? ownRefusals(route).includes('csrf')
      : status < 300 && (kind === 'sign_in' || kind === 'credentials')
  const headers = {
    ...recordOf(response.headers),
    ...(status >= 400 ? problemHeaders(status) : {}),
    ...limitRefs,
    ...(isToken ? tokenHeader : {}),
  }
  return { ...response, headers }
}

function withRefusal(response: Json, code: ErrorCode, status: number): Json {
  const { title, message } = errorEntry(code)
  const content = recordOf(recordOf(response.content)[problemType])
  const examples = recordOf(content.examples)
  if (code in examples) return response
  const value = {
    type: `urn:kiosk:problem:${code}`,
    title,
    status,
    code,
    detail: message,
    instance: '/path',
    request_id: 'req_0190b0c4f2e87cc2a3f6c6d1a9b35e10',
  }
  const added = {
    schema: problemRef,
    ...content,
    examples: { ...examples, [code]: { summary: message, value } },
  }
  const words = [response.description, `\`${code}\`: ${message}`].filter((text) => text !== undefined)
  return { ...response, description: words.join('\n\n'), content: { [problemType]: added } }
}

/** Services that cannot be asked are left out, and named in the description. */
export function mergedDocument(documents: Documents): Json {
  const schemas = new Map<string, unknown>()
  const paths: Record<string, Record<string, unknown>> = {}
  const operationIds = new Set<string>()
  for (const upstream of upstreamNames) {
    const document = recordOf(documents[upstream])
    const rename = addSchemas(schemas, upstream, recordOf(recordOf(document.components).schemas))
    const byShape = pathsByShape(recordOf(document.paths))
    for (const route of routes) {
      if (route.upstream !== upstream) continue
      const found = byShape.get(shapeOf(route.path))
      const operation = found?.operations[route.method.toLowerCase()]
      if (found === undefined || operation === undefined) continue
      const entry = operationOf(route, recordOf(renamed(operation, rename)), operationIds)
      paths[found.path] = { ...paths[found.path], [route.method.toLowerCase()]: entry }
    }
  }
  const away = upstreamNames.filter((name) => documents[name] === undefined)
  const note = away.length === 0 ? '' : `\n\nAway at the moment, and not shown: ${away.join(', ')}.`
  return {
    openapi: '3.1.0',
    info: { ...info, description: `${info.description}${note}` },
    servers: [{ url: '/', description: 'The door that serves this page.' }],
    paths,
    components: {
      securitySchemes,
      headers: limitHeaders,
      schemas: { Problem: problemFallback, ...Object.fromEntries(schemas) },
    },
  }
}

const problemFallback = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  additionalProperties: true,
}

function operationOf(route: GatewayRoute, operation: Json, ids: Set<string>): Json {
  const { upstream } = route
  const given = String(operation.operationId ?? '')
  const operationId = ids.has(given) ? `${upstream}_${given}` : given
  ids.add(operationId)
  const tags = Array.isArray(operation.tags) && operation.tags.length > 0 ? operation.tags : [upstream]
  return {
    ...operation,
    operationId,
    tags,
    security: securityOf(route),
    responses: responsesOf(route, recordOf(operation.responses)),
  }
}

/** By which of its means one may ask; a change by cookie needs two. */
function securityOf({ method, access, kind }: GatewayRoute): readonly Json[] {
  const byCookie = changesState(method) ? { session: [], csrf: [] } : { session: [] }
  const signedIn = [{ bearer: [] }, byCookie]
  if (access === 'optional') return [{}, ...signedIn]
  if (access !== 'open') return signedIn
  // Anybody may ask to be signed out, and is by what they were signed in by.
  return kind === 'sign_out' ? [{}, ...signedIn] : []
}

/** `/api/v1/orders/:id` and `/api/v1/orders/{order_id}` are one path. */
const shapeOf = (path: string): string => path.replaceAll(/:\w+|\{[^}]*\}/g, '{}')

function pathsByShape(paths: Json): Map<string, { path: string; operations: Json }> {
  return new Map(
    Object.entries(paths).map(([path, operations]) => [
      shapeOf(path),
      { path, operations: recordOf(operations) },
    ]),
  )
}

/** Schemas that two services share are kept once; of those that only share a name, the later one gets another. */
function addSchemas(schemas: Map<string, unknown>, upstream: UpstreamName, own: Json): Map<string, string> {
  const rename = new Map<string, string>()
  // What refers to a renamed one is another one too, and so on.
  for (let before = -1; before !== rename.size; ) {
    before = rename.size
    for (const [name, schema] of Object.entries(own)) {
      const isOther = schemas.has(name) && !Bun.deepEquals(schemas.get(name), renamed(schema, rename))
      if (isOther) rename.set(name, `${upstream}_${name}`)
    }
  }
  for (const [name, schema] of Object.entries(own))
    schemas.set(rename.get(name) ?? name, renamed(schema, rename))
  return rename
}

const schemaRef = '#/components/schemas/'

/** The same value with its references led to where the schemas went. */
function renamed(value: unknown, rename: ReadonlyMap<string, string>): unknown {
  if (rename.size === 0 || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((entry) => renamed(entry, rename))
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => {
      if (name !== '$ref' || typeof entry !== 'string') return [name, renamed(entry, rename)]
      const to = entry.startsWith(schemaRef) ? rename.get(entry.slice(schemaRef.length)) : undefined
      return [name, to === undefined ? entry : `${schemaRef}${to}`]
    }),
  )
}

const recordOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
