//! The one kind of throw that a caller must expect: a part of ours that cannot work now. Transports answer it by its code.
import type { DomainError, ErrorCode } from '../contracts/errors.ts'

export class Refusal extends Error {
  readonly error: DomainError

  constructor(
    code: ErrorCode,
    message: string,
    options?: { cause?: unknown; details?: Readonly<Record<string, unknown>> },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Refusal'
    this.error = options?.details === undefined ? { code } : { code, details: options.details }
  }
}
