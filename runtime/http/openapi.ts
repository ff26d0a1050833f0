//! The OpenAPI 3.1 document of a service, made from its table of routes: what is not declared there is not in it.
import { KindGuard, type TObject, type TSchema } from '@sinclair/typebox'
import { type ErrorCode, errorEntry } from '../../contracts/errors.ts'
import type { HttpDeps } from './deps.ts'
import { problemType, type Surface, statusOf } from './problem.ts'
import type { RouteInfo } from './route.ts'

type Json = { readonly [name: string]: unknown }

const problemRef = { $ref: '#/components/schemas/Problem' }

export type Documented = Pick<HttpDeps, 'service' | 'version' | 'description' | 'securityNote'>

/** What depends on routes is worked out when it is asked for, since they are declared after the page. */
export function documentOf(deps: Documented, routes: () => readonly RouteInfo[]) {
  const bearer = {
    type: 'http' as const,
    scheme: 'bearer',
    description: ['A service token or a user’s token.', deps.securityNote].filter(Boolean).join(' '),
  }
  return {
    info: {
      title: `Kiosk ${deps.service}`,
      version: deps.version,
      description: deps.description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The service that serves this page.' }],
    get paths() {
      return { ...pathsOf(routes()), ...pagePaths }
    },
    get components() {
      const isGuarded = routes().some(({ guard }) => guard !== 'open')
      return { ...(isGuarded ? { securitySchemes: { bearer } } : {}), schemas: { Problem } }
    },
  }
}

function pathsOf(routes: readonly RouteInfo[]): Record<string, Json> {
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  return paths
}

function operationOf(route: RouteInfo): Json {
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[^A-Za-z0-9]+/g, '_')}`,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.tags.length === 0 ? {} : { tags: route.tags }),
    security: route.guard === 'open' ? [] : [{ bearer: [] }],
    parameters: [
      ...parametersIn('path', route.params),
      ...parametersIn('query', route.query),
      ...(route.changesState ? [idempotencyKey] : []),
    ],
    ...(route.body === undefined ? {} : { requestBody: requestBodyOf(route.body) }),
    responses: { ...successesOf(route), ...problemsOf(route) },
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same key and body get the first answer again, for 24 hours; another body under the key is refused.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function parametersIn(place: 'path' | 'query', shape: TObject | undefined): Json[] {
  return Object.entries(shape?.properties ?? {}).map(([name, schema]) => ({
    name,
    in: place,
    required: place === 'path' || !KindGuard.IsOptional(schema),
    ...(schema.description === undefined ? {} : { description: schema.description }),
    // The page fills in an example of the parameter, and none of its schema.
    ...(schema.examples?.[0] === undefined ? {} : { example: schema.examples[0] }),
    schema,
  }))
}

function requestBodyOf(body: TSchema): Json {
  const required = (body.required ?? []).length > 0
  return { required, content: { 'application/json': { schema: body } } }
}

const replayed = {
  'Idempotent-Replayed': {
    description: '`true` where this is the stored answer of an earlier request.',
    schema: { type: 'string', enum: ['true'] },
  },
}
const requestId = { 'X-Request-Id': { description: 'Names this request.', schema: { type: 'string' } } }
const location = (description: string) => ({
  Location: { description, schema: { type: 'string', format: 'uri-reference' } },
})

/** Where the answer goes on. What may be undecided is found at one address, however soon it is decided. */
function locationOf({ statuses }: RouteInfo, status: number): Json {
  if (status === 302) return location('Where it goes on.')
  const isNamed = status === 202 || (status === 201 && statuses.includes(202))
  return isNamed ? location('The path of what was made, where its outcome is seen.') : {}
}

const successWords = {
  200: 'Done.',
  201: 'Made.',
  202: 'Taken; the outcome is not known yet.',
  204: 'Done.',
  302: 'It goes on at the address in `Location`.',
} as const

function successesOf(route: RouteInfo): Record<string, Json> {
  const headers = { ...requestId, ...(route.changesState ? replayed : {}) }
  const content = { 'application/json': { schema: route.reply } }
  return Object.fromEntries(
    route.statuses.map((status) => [
      status,
      {
        description: successWords[status],
        headers: { ...headers, ...locationOf(route, status) },
        ...(status === 204 || status === 302 ? {} : { content }),
      },
    ]),
  )
}

/** What a route may answer beside its own refusals, by what it takes. */
function commonRefusals(route: RouteInfo): ErrorCode[] {
  // Whatever else it takes: one of our services may name a tenant that cannot be one.
  const codes: ErrorCode[] = ['invalid_argument']
  if (route.guard !== 'open') codes.push('unauthenticated', 'permission_denied')
  if (route.body !== undefined) {
    codes.push('malformed_body', 'unsupported_media_type', 'body_too_large', 'body_too_slow')
  }
  if (route.changesState) codes.push('idempotency_key_invalid', 'idempotency_key_reused', 'in_progress')
  return [...codes, 'overloaded', 'unavailable', 'deadline_exceeded', 'internal']
}

function problemsOf(route: RouteInfo): Record<string, Json> {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set([...route.refusals, ...commonRefusals(route)])) {
    const status = statusOf(code, route.surface)
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [status, problemResponse(status, codes, route.surface)]),
  )
}

const challenge = {
  'WWW-Authenticate': { description: 'What would be let in.', schema: { type: 'string', enum: ['Bearer'] } },
}
const retryAfter = {
  'Retry-After': { description: 'When to come back, in seconds.', schema: { type: 'integer', minimum: 1 } },
}
const allow = {
  Allow: { description: 'The methods that the path takes.', schema: { type: 'string' } },
}

/** What a problem of the status comes with, see problem.ts. */
export function problemHeaders(status: number): Json {
  return {
    ...requestId,
    ...(status === 401 ? challenge : {}),
    ...(status === 405 ? allow : {}),
    ...(status === 429 || status === 503 ? retryAfter : {}),
  }
}

function problemResponse(status: number, codes: readonly ErrorCode[], surface: Surface): Json {
  const examples = codes.map((code) => [
    code,
    { summary: errorEntry(code).message, value: exampleOf(code, surface) },
  ])
  return {
    description: codes.map((code) => `\`${code}\`: ${errorEntry(code).message}`).join('\n\n'),
    headers: problemHeaders(status),
    content: { [problemType]: { schema: problemRef, examples: Object.fromEntries(examples) } },
  }
}

function exampleOf(code: ErrorCode, surface: Surface): Json {
  const wrong = { errors: [{ path: '/items/0/count', message: 'must be a whole number from 1 to 65535' }] }
  return {
    type: `urn:kiosk:problem:${code}`,
    title: errorEntry(code).title,
    status: statusOf(code, surface),
    code,
    detail: errorEntry(code).message,
    instance: '/path',
    request_id: 'req_0190b0c4f2e87cc2a3f6c6d1a9b35e10',
    ...(code === 'invalid_argument' ? wrong : {}),
  }
}

const text = (description: string) => ({ type: 'string', description })

const Problem = {
  type: 'object' as const,
  description: 'Problem details (RFC 9457). Further members belong to the code.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'request_id'],
  properties: {
    type: text('A URI that names the kind of problem.'),
    title: text('What kind of problem it is, in a few words.'),
    status: { type: 'integer', description: 'The HTTP status.' },
    code: text('Stable: what programs look at.'),
    detail: text('What went wrong.'),
    instance: text('The path that was asked.'),
    request_id: text('The request; of a replay, the one that was answered first.'),
    errors: {
      type: 'array',
      description: 'Of `invalid_argument`: every part of the request that is wrong.',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: text('A JSON Pointer into the body, or into the parameters that `in` names.'),
          message: text('What it must be.'),
          in: { type: 'string', enum: ['path', 'query', 'header'], description: 'Absent for the body.' },
        },
      },
    },
  },
  additionalProperties: true,
}

const page = (
  operationId: string,
  summary: string,
  type: string,
  schema: Json,
  problems: readonly ErrorCode[],
) => ({
  get: {
    operationId,
    summary,
    tags: ['process'],
    security: [],
    responses: {
      200: { description: 'Done.', content: { [type]: { schema } } },
      ...Object.fromEntries(
        problems.map((code) => {
          const status = statusOf(code, 'rpc')
          return [status, problemResponse(status, [code], 'rpc')]
        }),
      ),
    },
  },
})

const health = {
  type: 'object',
  required: ['status'],
  properties: {
    status: { type: 'string', enum: ['live', 'ready', 'degraded', 'not ready'] },
    degraded: { type: 'array', items: { type: 'string' }, description: 'Parts that are away.' },
  },
}

/** What every service serves beside its routes. */
const pagePaths = {
  '/health/live': page('health_live', 'Whether the process runs', 'application/json', health, [
    'method_not_allowed',
  ]),
  '/health/ready': page('health_ready', 'Whether it can serve', 'application/json', health, [
    'method_not_allowed',
  ]),
  '/metrics': page('metrics', 'Figures for Prometheus', 'text/plain', { type: 'string' }, [
    'unauthenticated',
  ]),
}
