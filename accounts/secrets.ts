//! Secrets that we hand out: 256 random bits each, of which only a hash is kept.
import { createHash, createHmac, randomBytes } from 'node:crypto'

/** The text of every secret of ours: base64url of 32 bytes. */
const pattern = /^[A-Za-z0-9_-]{43}$/

export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Nobody can guess 256 random bits, so a plain hash keeps them as well as a slow one. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/**
 * A secret that follows from another: whoever has neither the first nor what it is mixed with learns nothing about it. So
 * a refresh token makes its successor without either being stored.
 */
export const derivedSecret = (secret: string, mixedWith: string): string =>
  createHmac('sha256', secret).update(mixedWith).digest('base64url')

export const isSecret = (text: string): boolean => pattern.test(text)

/**
 * What a sign-in with a provider is proved by. It follows from what the provider sees and what the browser keeps, so
 * that neither has all of it and the table has none.
 */
export function proofsOf(state: string, browser: string) {
  return {
    state,
    nonce: derivedSecret(browser, `nonce ${state}`),
    verifier: derivedSecret(browser, `pkce ${state}`),
  }
}
