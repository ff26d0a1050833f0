//! Money is taken as soon as it is held, before anybody knows whether the order can be had.
import { CaptureHold, HoldFunds } from '../../../contracts/rpc/billing.ts'
import type { Planted } from './planted.ts'

export const captureFirst: Planted = {
  answers: (handlers) => {
    const capture = handlers.find(({ method }) => method === CaptureHold)
    return handlers.map((handler) => {
      if (handler.method !== HoldFunds) return handler
      return {
        ...handler,
        async run(call, request) {
          const held = await handler.run(call, request)
          if (held.ok) await capture?.run(call, request)
          return held
        },
      }
    })
  },
}
