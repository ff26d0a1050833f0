//! Fault points of questions between services: where they are asked, tried and answered. An answer that is lost was given.

import type { attempt } from '../../../runtime/rpc/attempt.ts'
import type { RpcClient, rpcClient } from '../../../runtime/rpc/client.ts'
import type { serveRpc } from '../../../runtime/rpc/server.ts'
import { InjectedFault, pass } from './passing.ts'

/** An `ask` does not throw: what fails is told as one whose question, or answer, was lost for good. */
export function faultyClient(plain: typeof rpcClient): typeof rpcClient {
  return (options) => {
    const client = plain(options)
    const ask: RpcClient['ask'] = async (method, ...rest) => {
      const point = `ask ${method.service} ${method.method}`
      if (isLost(`${point}: before`)) return { ok: false, error: { code: 'unavailable' } }
      const answer = await client.ask(method, ...rest)
      if (isLost(`${point}: after`)) return { ok: false, error: { code: 'deadline_exceeded' } }
      return answer
    }
    return { ...client, ask }
  }
}

/** One try of several. */
export function faultyAttempt(plain: typeof attempt): typeof attempt {
  return async (nats, asked) => {
    const point = `try ${asked.subject}`
    if (isLost(`${point}: before`)) return { kind: 'not_arrived' }
    const tried = await plain(nats, asked)
    if (isLost(`${point}: after`)) return { kind: 'silent', cause: undefined }
    return tried
  }
}

export function faultyServer(plain: typeof serveRpc): typeof serveRpc {
  return (options) => {
    const handlers = options.handlers.map(({ method, run }) => ({
      method,
      run: async (...args: Parameters<typeof run>) => {
        pass(`answer ${method.method}: before`)
        const answer = await run(...args)
        pass(`answer ${method.method}: after`)
        return answer
      },
    }))
    return plain({ ...options, handlers })
  }
}

function isLost(point: string): boolean {
  try {
    pass(point)
    return false
  } catch (error) {
    if (error instanceof InjectedFault) return true
    throw error
  }
}
