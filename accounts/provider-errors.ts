//! What goes wrong with a provider of sign-ins, in our words.
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { Refusal } from '../runtime/refusal.ts'

// Of these the provider was not asked, or gave no answer that could be judged.
const notAnswered = new Set(['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM'])

/** Runs a step with a provider; what it throws leaves as `sign_in_failed` or `unavailable`, and the log says why. */
export async function endOf<T>(provider: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const code = wasAnswered(error) ? 'sign_in_failed' : 'unavailable'
    throw new Refusal(code, `the sign-in with ${provider} did not succeed`, { cause: reasonOf(error) })
  }
}

function wasAnswered(error: unknown): boolean {
  if (error instanceof ClientError) return error.code !== undefined && !notAnswered.has(error.code)
  if (error instanceof AuthorizationResponseError) {
    return error.error !== 'server_error' && error.error !== 'temporarily_unavailable'
  }
  return error instanceof ResponseBodyError || error instanceof WWWAuthenticateChallengeError
}

/** Its name, message and code alone: what else it carries are claims and tokens, which belong in no log. */
function reasonOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('something was thrown that is no error')
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  const said = 'error' in error && typeof error.error === 'string' ? `: ${error.error.slice(0, 60)}` : ''
  return new Error(`${error.name}: ${error.message}${code}${said}`)
}
