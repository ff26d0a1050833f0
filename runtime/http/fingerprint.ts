//! Tells a repeat of a request from a different one under the same idempotency key, without keeping what was sent.

/** HMAC-SHA-256 over the canonical JSON, hex. */
export function fingerprintOf(secret: string, value: unknown): string {
  return new Bun.CryptoHasher('sha256', secret).update(canonicalJson(value)).digest('hex')
}

/** The same text for the same value, however its fields were ordered and spaced. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, entry) => {
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return entry
    return Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
