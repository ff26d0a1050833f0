//! Access tokens for tests, made as accounts makes them, with keys of their own that the services fetch by `JWKS_URL`.
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { AccountRole } from '../../contracts/roles.ts'
import {
  accessTokenSeconds,
  accessTokenType,
  keysPath,
  tokenAlgorithm,
  tokenAudience,
  tokenIssuer,
} from '../../contracts/tokens.ts'

export type TokenIssuer = AsyncDisposable & {
  /** For the settings of the services under test. */
  readonly env: { readonly JWKS_URL: string }
  /** What goes into `authorization`. */
  bearer(owner: { user: number; role?: AccountRole; tenant?: string }): Promise<string>
}

/** Shows its keys on a free port of loopback until it is disposed of. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair(tokenAlgorithm)
  const key = { ...(await exportJWK(publicKey)), kid: 'of the tests', alg: tokenAlgorithm, use: 'sig' }
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: ({ url }) =>
      new URL(url).pathname === keysPath
        ? Response.json({ keys: [key] })
        : new Response(null, { status: 404 }),
  })
  return {
    env: { JWKS_URL: new URL(keysPath, server.url).href },
    async bearer({ user, role = 'customer', tenant = 'default' }) {
      const token = await new SignJWT({ role, tenant_id: tenant, sid: 'ses_1' })
        .setProtectedHeader({ alg: tokenAlgorithm, typ: accessTokenType, kid: key.kid })
        .setSubject(String(user))
        .setIssuer(tokenIssuer)
        .setAudience(tokenAudience)
        .setIssuedAt()
        .setExpirationTime(`${accessTokenSeconds}s`)
        .setJti(crypto.randomUUID())
        .sign(privateKey)
      return `Bearer ${token}`
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}
