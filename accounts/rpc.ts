//! What accounts answers the other services over NATS.
import { ok } from '../contracts/errors.ts'
import { ExchangeSession, GetProfile } from '../contracts/rpc/accounts.ts'
import { int64ToJson, userIdOf } from '../contracts/scalars.ts'
import { handle, type RpcHandler } from '../runtime/rpc.ts'
import type { Deps } from './deps.ts'
import { exchangeSession } from './operations/exchange-session.ts'
import { getProfile } from './operations/get-profile.ts'

export const rpcHandlers = (deps: Pick<Deps, 'store' | 'now' | 'makeToken'>): RpcHandler[] => [
  handle(GetProfile, async (call, request) => {
    const profile = await getProfile(deps, call, { userId: userIdOf(request.user_id) })
    if (!profile.ok) return profile
    const { name, email, phone } = profile.value
    return ok({
      ...(name === undefined ? {} : { name }),
      ...(email === undefined ? {} : { email }),
      ...(phone === undefined ? {} : { phone }),
    })
  }),

  handle(ExchangeSession, async (_, request) => {
    const exchanged = await exchangeSession(deps, { cookie: request.session })
    if (!exchanged.ok) return exchanged
    const { account, access } = exchanged.value
    return ok({
      access_token: access.token,
      expires_in: access.expiresInSeconds,
      user_id: int64ToJson(account.id),
      role: account.role,
    })
  }),
]
