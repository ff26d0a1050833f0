//! Reads a JSON body: its type, its size, its bytes. What it must look like is said elsewhere.
import { type Failure, fail, ok, type Result } from '../../contracts/errors.ts'

export type Json = { readonly text: string; readonly value: unknown }

// Strict, so that bytes that are no UTF-8 are refused and not quietly replaced.
const utf8 = new TextDecoder('utf-8', { fatal: true })
const jsonType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

/**
 * What the headers alone forbid. The media type is required: a body without one is refused like one of another type,
 * which also keeps forms of other sites from reaching us. No body has no type.
 */
export function refusedByHeaders(request: Request, limitBytes: number): Failure | undefined {
  const { headers } = request
  const declared = headers.get('content-length')
  if (declared !== null && Number(declared) > limitBytes) return tooLarge(limitBytes)
  // Nothing is decoded here; whoever does it on the way would not read what we read.
  const coding = headers.get('content-encoding')
  if (coding !== null && coding !== 'identity') return fail('unsupported_media_type')
  const type = headers.get('content-type')
  if (type !== null && (type === 'application/json' || jsonType.test(type))) return undefined
  const isEmpty = declared === null ? request.body === null : declared === '0'
  return isEmpty ? undefined : fail('unsupported_media_type')
}

const largeBytes = 64 * 1024

/** True where it may become larger than what anybody needs who means well. */
export function isLarge({ headers }: Request): boolean {
  const declared = headers.get('content-length')
  return declared === null ? headers.has('transfer-encoding') : Number(declared) > largeBytes
}

export function tooLarge(limitBytes: number): Failure {
  return fail('body_too_large', { limit_bytes: limitBytes })
}

/** Reading fails in one way only: the caller went away before it had sent everything. */
export function readBytes(request: Request, limitBytes: number): Promise<Result<Uint8Array>> {
  const bytes = request.headers.has('content-length')
    ? request.bytes().then(ok)
    : readCounted(request, limitBytes)
  return bytes.catch(() => fail('malformed_body'))
}

/** A body of undeclared length is counted as it comes, so that no more than the limit is ever held. */
async function readCounted({ body }: Request, limitBytes: number): Promise<Result<Uint8Array>> {
  if (body === null) return ok(new Uint8Array())
  const chunks: Uint8Array[] = []
  let countedBytes = 0
  for await (const chunk of body) {
    countedBytes += chunk.byteLength
    if (countedBytes > limitBytes) return tooLarge(limitBytes)
    chunks.push(chunk)
  }
  return ok(Buffer.concat(chunks))
}

/** An empty body is text `''` and no value. */
export function parseJson(bytes: Uint8Array): Result<Json> {
  if (bytes.byteLength === 0) return ok({ text: '', value: undefined })
  try {
    const text = utf8.decode(bytes)
    return ok({ text, value: JSON.parse(text) })
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return fail('malformed_body')
    throw error
  }
}
