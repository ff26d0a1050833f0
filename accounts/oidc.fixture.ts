//! For tests: a real OpenID provider on loopback, and a browser that walks through it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'

export type Person = Readonly<Record<string, unknown>>

/** `people` are known by their subject; a test may change what is said of them. */
export async function startProvider(redirectUri: string, people: Map<string, Person>) {
  let provider: Provider | undefined
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`)
    if (provider === undefined) response.writeHead(503).end()
    else provider.callback()(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const client = { client_id: 'shop', client_secret: 'a secret of the shop', redirect_uris: [redirectUri] }
  provider = new Provider(issuer, {
    clients: [
      { ...client, grant_types: ['authorization_code'], token_endpoint_auth_method: 'client_secret_post' },
    ],
    cookies: { keys: ['a key of the provider'] },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'theirs' }] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    pkce: { required: () => true },
    findAccount: async (_: unknown, id: string) => {
      const person = people.get(id)
      return person && { accountId: id, claims: async () => ({ sub: id, ...person }) }
    },
  })
  return {
    issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    requests,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Follows the provider's pages from its first address to where it sends the browser back. */
export async function walk(start: string, subject: string, backTo: string): Promise<URL> {
  const jar = new Map<string, string>()
  const origin = new URL(start).origin
  const go = async (address: string, form?: Record<string, string>): Promise<Response> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(address, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { cookie },
      ...(form && { body: new URLSearchParams(form) }),
    })
    for (const set of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (set.split(';')[0] ?? '').split('=')
      if (value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  let response = await go(start)
  for (let step = 0; step < 12; step += 1) {
    const location = response.headers.get('location')
    if (location !== null) {
      if (location.startsWith(backTo)) return new URL(location)
      response = await go(new URL(location, origin).href)
      continue
    }
    const page = await response.text()
    const action = /action="([^"]+)"/.exec(page)?.[1]
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1]
    if (action === undefined || prompt === undefined)
      throw new Error(`the provider answers ${response.status}: ${page}`)
    response = await go(new URL(action, origin).href, { prompt, login: subject, password: 'any' })
  }
  throw new Error('the provider leads nowhere')
}
