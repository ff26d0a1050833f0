//! Asking an app in process: what a caller is told, held to what every answer of ours has in common.
import { request, type Sent } from '../../runtime/http/testing.ts'
import type { Http } from '../../runtime/http.ts'

export type Told = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
}

/** Asks with any method. Throws where the answer is neither JSON, a problem that agrees with its status, nor rightly empty. */
export async function ask(app: Http, method: string, path: string, sent: Sent = {}): Promise<Told> {
  const response = await app.handle(request(method, path, sent))
  const { status, headers } = response
  const text = await response.text()
  const isEmpty = status === 204 || (status >= 300 && status < 400)
  if (isEmpty && text !== '') throw new Error(`${path} answered ${status} with ${text}`)
  if (isEmpty) return { status, headers, text, body: {} }
  const type = headers.get('content-type')
  const expected = status < 400 ? 'application/json' : 'application/problem+json'
  if (type !== expected) throw new Error(`${path} answered ${status} as ${type}`)
  // Every answer of ours is a JSON object.
  const body = JSON.parse(text) as Record<string, unknown>
  if (status >= 400 && body.status !== status)
    throw new Error(`${path} answered ${status}, and says ${body.status}`)
  return { status, headers, text, body }
}

/** Posts JSON, or text as it is. */
export function post(
  app: Http,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Told> {
  return ask(app, 'POST', path, typeof body === 'string' ? { text: body, headers } : { body, headers })
}

/** What a caller acts on: status, code, and the paths of what is wrong. */
export async function refusalOf(
  app: Http,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: unknown; paths?: string[] }> {
  const told = await post(app, path, body, headers)
  const errors = told.body.errors as { path: string }[] | undefined
  return {
    status: told.status,
    code: told.body.code,
    ...(errors && { paths: errors.map(({ path }) => path) }),
  }
}

export const invalid = (...paths: string[]) => ({ status: 400, code: 'invalid_argument', paths })
