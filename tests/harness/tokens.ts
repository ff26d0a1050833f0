//! Access tokens for tests, made as accounts makes them: with keys of their own that the services fetch by `JWKS_URL`, or with those of accounts.
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import type { AccountRole } from '../../contracts/roles.ts'
import {
  accessTokenSeconds,
  accessTokenType,
  keysPath,
  tokenAlgorithm,
  tokenAudience,
  tokenIssuer,
} from '../../contracts/tokens.ts'

export type TokenOwner = { user: number; role?: AccountRole; tenant?: string }
/** What goes into `authorization`. */
export type Bearer = (owner: TokenOwner) => Promise<string>

export type TokenIssuer = AsyncDisposable & {
  /** For the settings of the services under test. */
  readonly env: { readonly JWKS_URL: string }
  readonly bearer: Bearer
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
    bearer: (owner) => bearerOf(owner, key.kid, privateKey),
    [Symbol.asyncDispose]: () => server.stop(true),
  }
}

/**
 * Tokens that running accounts takes for its own, so that it can be asked by everybody there is: signed with its key, which
 * lies open in the file of a development machine.
 */
export async function accountsIssuer(system: {
  readonly dataDir: string
  url(service: string): string
}): Promise<Bearer> {
  const response = await fetch(`${system.url('accounts')}${keysPath}`)
  const [shown] = ((await response.json()) as { keys: { kid: string }[] }).keys
  if (shown === undefined) throw new Error('accounts shows no key')
  const database = new Database(join(system.dataDir, 'accounts.sqlite'), { readonly: true })
  const row = database.query('select private_key as text from signing_keys').get() as { text: string }
  database.close()
  const privateKey = (await importJWK(JSON.parse(row.text), tokenAlgorithm)) as CryptoKey
  return (owner) => bearerOf(owner, shown.kid, privateKey)
}

async function bearerOf(
  { user, role = 'customer', tenant = 'default' }: TokenOwner,
  kid: string,
  privateKey: CryptoKey,
): Promise<string> {
  const token = await new SignJWT({ role, tenant_id: tenant, sid: 'ses_1' })
    .setProtectedHeader({ alg: tokenAlgorithm, typ: accessTokenType, kid })
    .setSubject(String(user))
    .setIssuer(tokenIssuer)
    .setAudience(tokenAudience)
    .setIssuedAt()
    .setExpirationTime(`${accessTokenSeconds}s`)
    .setJti(crypto.randomUUID())
    .sign(privateKey)
  return `Bearer ${token}`
}
