//! What an access token says (RFC 9068, JWT profile for access tokens): made by accounts, checked by every service for itself.
import { type Static, Type } from '@sinclair/typebox'
import { AccountRoleSchema } from './roles.ts'

/** The only algorithm that is made or taken: EdDSA over Ed25519 (RFC 8037). */
export const tokenAlgorithm = 'EdDSA'
/** The `typ` header, so that no other token of ours is taken for an access token. */
export const accessTokenType = 'at+jwt'
export const tokenIssuer = 'urn:kiosk:accounts'
export const tokenAudience = 'urn:kiosk'
/** An access token lives no longer than this. */
export const accessTokenSeconds = 15 * 60
/** Where accounts shows the public keys. */
export const keysPath = '/.well-known/jwks.json'

/** The claims beside `iss`, `aud`, `iat`, `exp` and `jti`. */
export const AccessClaims = Type.Object({
  /** The user's id, in decimal. */
  sub: Type.String({ pattern: '^[1-9][0-9]{0,18}$' }),
  role: AccountRoleSchema,
  tenant_id: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$' }),
  /** The session that it was made in. */
  sid: Type.String({ minLength: 1, maxLength: 128 }),
})
export type AccessClaims = Static<typeof AccessClaims>
