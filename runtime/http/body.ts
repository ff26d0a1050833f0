//! Reads a JSON body: its type, its size, its bytes. What it must look like is said elsewhere.
import { fail, ok, type Result } from '../../contracts/errors.ts'

export type Json = { readonly text: string; readonly value: unknown }

// Strict, so that bytes that are no UTF-8 are refused and not quietly replaced.
const utf8 = new TextDecoder('utf-8', { fatal: true })
const jsonType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

/**
 * The value of a JSON body. The media type is required: a body without one is refused like one of another type, which
 * also keeps forms of other sites from reaching us. An empty body has no type and is text `''` with value undefined.
 */
export async function readJson(request: Request, limitBytes: number): Promise<Result<Json>> {
  const declared = request.headers.get('content-length')
  if (declared !== null && Number(declared) > limitBytes)
    return fail('body_too_large', { limit_bytes: limitBytes })
  const contentType = request.headers.get('content-type')
  const isJson = contentType !== null && (contentType === 'application/json' || jsonType.test(contentType))
  if (!isJson && (declared === null ? request.body !== null : declared !== '0'))
    return fail('unsupported_media_type')

  const bytes = declared === null ? await readCounted(request, limitBytes) : await readDeclared(request)
  if (bytes === 'too large') return fail('body_too_large', { limit_bytes: limitBytes })
  if (bytes === 'cut short') return fail('malformed_body')
  if (bytes.byteLength === 0) return ok({ text: '', value: undefined })
  return parsed(bytes)
}

function parsed(bytes: Uint8Array): Result<Json> {
  try {
    const text = utf8.decode(bytes)
    return ok({ text, value: JSON.parse(text) })
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return fail('malformed_body')
    throw error
  }
}

async function readDeclared(request: Request): Promise<Uint8Array | 'cut short'> {
  try {
    return await request.bytes()
  } catch {
    // Reading fails in one way only: the caller went away before it had sent what it declared.
    return 'cut short'
  }
}

/** A body of undeclared length is counted as it comes, so that no more than the limit is ever held. */
async function readCounted(
  request: Request,
  limitBytes: number,
): Promise<Uint8Array | 'too large' | 'cut short'> {
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let countedBytes = 0
  try {
    for await (const chunk of request.body) {
      countedBytes += chunk.byteLength
      if (countedBytes > limitBytes) return 'too large'
      chunks.push(chunk)
    }
  } catch {
    return 'cut short'
  }
  return Buffer.concat(chunks)
}
