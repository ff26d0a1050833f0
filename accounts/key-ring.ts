//! The signing keys as this process has them: what signs, what is shown to all, and how a private half is closed and opened.
import { hkdfSync } from 'node:crypto'
import {
  CompactEncrypt,
  type CryptoKey,
  calculateJwkThumbprint,
  compactDecrypt,
  createLocalJWKSet,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTVerifyGetKey,
} from 'jose'
import type { Clock } from '../contracts/time.ts'
import { tokenAlgorithm } from '../contracts/tokens.ts'
import { Refusal } from '../runtime/refusal.ts'
import { type KeyTimes, signingKey } from './domain/keys.ts'
import type { KeyRow } from './store/keys.ts'

export type RingKey = KeyTimes & { readonly kid: string; readonly key: CryptoKey | undefined }

export type KeyRing = {
  /** What signs now. Throws `unavailable` before the first keys were set. */
  signing(): { readonly kid: string; readonly key: CryptoKey }
  /** For whoever checks tokens, of other processes and of this one. */
  readonly shown: () => JSONWebKeySet
  readonly verification: JWTVerifyGetKey
  /** The keys of the table; those whose private half cannot be opened are shown and do not sign. */
  set(rows: readonly KeyRow[]): Promise<readonly RingKey[]>
}

/** Closes private keys for the table; without a secret they lie there open. */
export type KeyBox = {
  close(jwk: JWK): Promise<string>
  /** Undefined where it was closed with another secret, or was not closed and should have been. */
  open(text: string): Promise<JWK | undefined>
}

export function createKeyBox(secret: string | undefined): KeyBox {
  if (secret === undefined) {
    return {
      close: async (jwk) => JSON.stringify(jwk),
      open: async (text) => (text.startsWith('{') ? JSON.parse(text) : undefined),
    }
  }
  const key = new Uint8Array(hkdfSync('sha256', secret, '', 'accounts signing keys', 32))
  return {
    close: (jwk) =>
      new CompactEncrypt(new TextEncoder().encode(JSON.stringify(jwk)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(key),
    async open(text) {
      if (text.startsWith('{')) return undefined
      try {
        const { plaintext } = await compactDecrypt(text, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        })
        return JSON.parse(new TextDecoder().decode(plaintext))
      } catch (error) {
        if (error instanceof errors.JWEDecryptionFailed) return undefined
        throw error
      }
    },
  }
}

/** A new pair, as it is written into the table; its name follows from its public half. */
export async function newKeyPair(box: KeyBox): Promise<Pick<KeyRow, 'kid' | 'publicKey' | 'privateKey'>> {
  const { publicKey, privateKey } = await generateKeyPair(tokenAlgorithm, {
    crv: 'Ed25519',
    extractable: true,
  })
  const shown = await exportJWK(publicKey)
  return {
    kid: await calculateJwkThumbprint(shown),
    publicKey: JSON.stringify(shown),
    privateKey: await box.close(await exportJWK(privateKey)),
  }
}

export function createKeyRing(box: KeyBox, now: Clock): KeyRing {
  let keys: readonly RingKey[] = []
  let shown: JSONWebKeySet = { keys: [] }
  let local = createLocalJWKSet(shown)
  // Opening takes longer than it is worth for a key that is there already.
  const opened = new Map<string, CryptoKey>()

  const keyOf = async ({ kid, privateKey }: KeyRow): Promise<CryptoKey | undefined> => {
    const known = opened.get(privateKey)
    if (known !== undefined) return known
    const jwk = await box.open(privateKey)
    if (jwk === undefined) return undefined
    const key = await importJWK(jwk, tokenAlgorithm)
    if (key instanceof Uint8Array) throw new Error(`the signing key ${kid} is no key pair`)
    opened.set(privateKey, key)
    return key
  }

  return {
    signing() {
      const found = signingKey(keys, now())
      if (found?.key === undefined) throw new Refusal('unavailable', 'there is no key to sign with')
      return { kid: found.kid, key: found.key }
    },
    shown: () => shown,
    verification: (header, token) => local(header, token),
    async set(rows) {
      keys = await Promise.all(
        rows.map(async (row) => {
          const key = await keyOf(row)
          const { number, kid, signsFrom, signsUntil } = row
          return { number, kid, signsFrom, signsUntil, key, canSign: key !== undefined }
        }),
      )
      shown = {
        keys: rows.map(({ kid, publicKey }) => ({
          ...(JSON.parse(publicKey) as JWK),
          kid,
          alg: tokenAlgorithm,
          use: 'sig',
        })),
      }
      local = createLocalJWKSet(shown)
      return keys
    },
  }
}
