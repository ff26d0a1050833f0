//! Marked names, addresses, passwords and tokens: whatever is asked and however it ends, none is ever logged.
import { expect, test } from 'bun:test'
import { ask } from '../tests/harness/ask.ts'
import { asService } from '../tests/harness/doors.ts'
import { bearer, cookieSet, startAccounts } from './fixture.ts'
import { exchangeSession } from './operations/exchange-session.ts'

test('no address, phone, password, cookie or token comes into the log, at any level', async () => {
  const lines: string[] = []
  const accounts = await startAccounts({ log: { level: 'trace', write: (line) => void lines.push(line) } })
  const { app } = accounts
  const marked = {
    login: 'canary.login',
    password: 'canary-password-4711',
    email: 'canary-mail@example.org',
    phone: '+380 99 471 14 71',
    name: 'Канарка',
  }
  const wrong = 'canary-wrong-password-0815'
  await ask(app, 'POST', '/api/v1/register', { body: marked })
  await ask(app, 'POST', '/api/v1/register', { body: marked })
  await ask(app, 'POST', '/api/v1/register', { body: { ...marked, login: 'x', phone: 'canary-phone' } })
  await ask(app, 'POST', '/internal/api/v1/register', {
    body: { ...marked, login: 'canary2' },
    headers: asService,
  })
  const { login, password } = marked
  const told = await ask(app, 'POST', '/api/v1/login', { body: { login, password } })
  for (const body of [
    { login, password: wrong },
    { login: 'canary.nobody', password: wrong },
    { login, password: 7, email: marked.email },
  ])
    await ask(app, 'POST', '/api/v1/login', { body })
  const { access_token: access, refresh_token: refresh } = told.body as Record<string, string>
  const cookie = cookieSet(told)
  const headers = bearer(access)
  await ask(app, 'GET', '/api/v1/user/profile', { headers })
  await ask(app, 'POST', '/api/v1/user/profile', { body: { email: 'canary-other@example.org' }, headers })
  await ask(app, 'POST', '/api/v1/user/profile', { body: { email: 'canary broken' }, headers })
  await ask(app, 'POST', '/api/v1/user/password', {
    body: { current_password: wrong, new_password: 'canary-new-password' },
    headers,
  })
  const forwarded = await ask(app, 'GET', '/internal/api/v1/auth', {
    headers: { cookie, 'x-service-token': 'a-service' },
  })
  await ask(app, 'GET', `/internal/api/v1/auth?email=${marked.email}`, { headers: { cookie } })
  await exchangeSession(accounts.deps, { cookie: 'canary-cookie' })
  await ask(app, 'GET', '/api/v1/oauth/canary/callback?code=canary-code&state=canary-state')
  const next = await ask(app, 'POST', '/api/v1/token/refresh', { body: { refresh_token: refresh } })
  await ask(app, 'POST', '/api/v1/token/refresh', { body: { refresh_token: `${refresh}canary` } })
  await ask(app, 'GET', '/api/v1/user/profile', { headers: bearer(`${access}canary`) })
  await ask(app, 'POST', '/api/v1/logout', { headers: { cookie } })
  // And where the store itself fails with all of it in its statement.
  await accounts.deps.store.close()
  const failed = await ask(app, 'POST', '/api/v1/register', { body: { ...marked, login: 'canary3' } })
  expect(failed.status).toBe(503)

  const log = lines.join('')
  // It does speak: of every one of these that was refused.
  expect(lines.length).toBeGreaterThan(10)
  const secrets = {
    ...marked,
    wrong,
    access,
    refresh,
    next: next.body.refresh_token,
    forwarded: forwarded.headers.get('x-auth-token'),
    cookie: cookie.split('=')[1],
  }
  for (const [what, secret] of Object.entries(secrets)) {
    expect(String(secret).length).toBeGreaterThan(5)
    expect([what, log.includes(String(secret))]).toEqual([what, false])
  }
  // A path in a problem or a header may hold what is no canary's; everything of a canary's is marked.
  const words = log.match(/canary[\w.@-]*/g) ?? []
  expect([...new Set(words)]).toEqual([])
})
