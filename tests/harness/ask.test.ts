//! What no answer of ours may be: every test that asks an app relies on being told.
import { expect, test } from 'bun:test'
import type { Http } from '../../runtime/http.ts'
import { ask } from './ask.ts'

const asked = (answer: Response) => ask({ handle: async () => answer } as unknown as Http, 'GET', '/a')
const problem = (status: number) =>
  Response.json({ status: 404 }, { status, headers: { 'content-type': 'application/problem+json' } })

test.each([
  ['a refusal that is no problem document', () => Response.json({ status: 404 }, { status: 404 }), 'as'],
  ['a problem that says another status', () => problem(400), 'and says 404'],
  ['a success that is no JSON', () => new Response('{}'), 'as'],
  ['a success that is empty', () => new Response(null, { status: 200 }), 'as null'],
  ['a way elsewhere that says something', () => new Response('there', { status: 302 }), 'with there'],
])('%s is no answer', async (_, answer, why) => {
  await expect(asked(answer())).rejects.toThrow(why)
})

test('JSON, a problem of its status and nothing under 204 are', async () => {
  const json = Response.json({ a: 1 }, { headers: { 'content-type': 'application/json' } })
  expect(await asked(json)).toMatchObject({ status: 200, body: { a: 1 } })
  expect(await asked(problem(404))).toMatchObject({ status: 404, body: { status: 404 } })
  expect(await asked(new Response(null, { status: 204 }))).toMatchObject({ status: 204, body: {} })
})
