//! `start-sign-in`: sends a browser to a provider of its choice.
import { fail, ok, type Result } from '../../contracts/errors.ts'
import { plusMs } from '../../contracts/time.ts'
import type { Call } from '../../runtime/call.ts'
import type { Deps } from '../deps.ts'
import { hashOf, newSecret, proofsOf } from '../secrets.ts'
import { putSignIn } from '../store/sign-ins.ts'

/** So long the browser may stay with the provider. */
export const signInMs = 600_000

export type StartSignIn = { readonly provider: string; readonly address: string }
export type Started = {
  readonly location: string
  /** Stays with the browser, which has to bring it back. */
  readonly browser: string
}

/** Refused with `provider_not_found`; with `too_many_requests` for an address that begins too many. */
export async function startSignIn(
  deps: Pick<Deps, 'store' | 'now' | 'limits' | 'providers'>,
  call: Call,
  { provider: name, address }: StartSignIn,
): Promise<Result<Started>> {
  const provider = deps.providers.get(name)
  if (provider === undefined) return fail('provider_not_found')
  const allowed = await deps.limits.signIn(address)
  if (!allowed.ok) return allowed
  const [state, browser] = [newSecret(), newSecret()]
  const location = await provider.start(proofsOf(state, browser))
  await deps.store.write((tx) =>
    putSignIn(tx, {
      stateHash: hashOf(state),
      browserHash: hashOf(browser),
      tenantId: call.tenantId,
      provider: name,
      expiresAt: plusMs(deps.now(), signInMs),
    }),
  )
  return ok({ location: location.href, browser })
}
