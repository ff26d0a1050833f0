//! What the services say of themselves: their OpenAPI documents as they serve them, judged by somebody else's linter.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { purchasePath, startSystem, type TestSystem } from '../harness/system.ts'

setDefaultTimeout(60_000)
const services = [
  'catalog',
  'loms',
  'cart',
  'notifier',
  'accounts',
  'billing',
  'delivery',
  'gateway',
] as const

const rules = {
  // Not in the strict set, but an example that is refused is worse than none.
  'no-invalid-schema-examples': 'error',
  'no-invalid-media-type-examples': 'error',
  'no-invalid-parameter-examples': 'error',
  'operation-singular-tag': 'error',
} as const

let system: TestSystem
let folder: string

beforeAll(async () => {
  system = await startSystem({ services, seed: true })
  folder = await mkdtemp(join(tmpdir(), 'kiosk-openapi-'))
  await Bun.write(
    join(folder, 'redocly.yaml'),
    JSON.stringify({ extends: ['recommended-strict'], rules }, null, 2),
  )
})
afterAll(async () => {
  await system.stop()
  await rm(folder, { recursive: true, force: true })
})

test.each(services)('the linter finds nothing to say about the document of %s', async (service) => {
  const response = await fetch(`${system.url(service)}/swagger/json`)
  expect(response.headers.get('content-type')).toStartWith('application/json')
  const document = await response.text()
  expect(JSON.parse(document)).toMatchObject({ openapi: expect.stringMatching(/^3\.1\./) })
  const path = join(folder, `${service}.json`)
  await Bun.write(path, document)
  expect(await lint(path)).toEqual({ code: 0, problems: [] })
})

test.each(services)(
  'every path of %s can be tried as it stands: its parameters have examples',
  async (service) => {
    const { paths } = (await (await fetch(`${system.url(service)}/swagger/json`)).json()) as Pathed
    const named = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { parameters = [] }]) =>
        parameters.map((parameter) => ({ ...parameter, where: `${method} ${path}` })),
      ),
    )
    const without = named.filter((parameter) => parameter.in === 'path' && parameter.example === undefined)
    expect(without.map(({ where, name }) => `${where} ${name}`)).toEqual([])
  },
)

test('the linter has eyes: it does find what is wrong', async () => {
  const path = join(folder, 'wrong.json')
  const operation = { responses: { 200: { description: 'Done.' } } }
  const info = { title: 'Wrong', version: '1' }
  await Bun.write(path, JSON.stringify({ openapi: '3.1.0', info, paths: { '/a': { get: operation } } }))
  const { code, problems } = await lint(path)
  expect(code).toBe(1)
  expect(problems.map(({ rule }) => rule)).toContain('operation-operationId')
})

/** What the examples come to in the order of the documents, where that is not 200: an order that is payed stays so. */
const otherwise: Readonly<Record<string, number>> = { 'loms /order/cancel': 412, 'cart /cart/checkout': 412 }

test('every example works as it stands, in a shop with the demo in it', async () => {
  const answers: Record<string, number> = {}
  const expected: Record<string, number> = {}
  for (const service of purchasePath) {
    const document = (await (await fetch(`${system.url(service)}/swagger/json`)).json()) as Document
    for (const [path, { post }] of Object.entries(document.paths)) {
      // The resources need an account: their examples are tried in the tests of their services.
      if (post === undefined || path.startsWith('/api/')) continue
      const { examples = [] } = post.requestBody.content['application/json'].schema
      // An operation without an example is one that nobody can try.
      if (examples.length === 0) answers[`${service} ${path} without an example`] = 0
      for (const example of examples) {
        const headers = { 'content-type': 'application/json' }
        const init = { method: 'POST', headers, body: JSON.stringify(example) }
        answers[`${service} ${path}`] = (await fetch(`${system.url(service)}${path}`, init)).status
        expected[`${service} ${path}`] = otherwise[`${service} ${path}`] ?? 200
      }
    }
  }
  expect(Object.keys(expected).length).toBeGreaterThanOrEqual(13)
  expect(answers).toEqual(expected)
})

type Document = {
  readonly paths: Readonly<
    Record<
      string,
      { post?: { requestBody: { content: { 'application/json': { schema: { examples?: unknown[] } } } } } }
    >
  >
}

type Pathed = {
  readonly paths: Readonly<
    Record<string, Record<string, { parameters?: { name: string; in: string; example?: unknown }[] }>>
  >
}

type Problem = { readonly rule: string; readonly at: string | undefined; readonly message: string }

/** Runs the linter that is installed here, which fetches and sends nothing. */
async function lint(path: string): Promise<{ readonly code: number; readonly problems: readonly Problem[] }> {
  const command = ['x', '--bun', '--no-install', 'redocly', 'lint', '--format=json']
  const child = Bun.spawn([process.execPath, ...command, `--config=${join(folder, 'redocly.yaml')}`, path], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env: {
      ...process.env,
      REDOCLY_TELEMETRY: 'off',
      REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true',
      // Whatever it keeps goes with the folder.
      TMPDIR: folder,
    },
  })
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  if (!out.startsWith('{')) throw new Error(`the linter did not run: ${out}${err}`)
  const { problems } = JSON.parse(out) as {
    problems: { ruleId: string; message: string; location: { pointer?: string }[] }[]
  }
  return {
    code,
    problems: problems.map(({ ruleId, message, location }) => ({
      rule: ruleId,
      at: location[0]?.pointer,
      message,
    })),
  }
}
