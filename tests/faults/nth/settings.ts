//! Nearer deadlines than the settings allow, so that the clock's own work can be failed as often as everybody else's.
import type { loadConfig } from '../../../loms/config.ts'

/** Milliseconds, for loms. */
export const windowSetting = 'NTH_FAULT_PAYMENT_WINDOW_MS'

export function nearDeadlines(plain: typeof loadConfig): typeof loadConfig {
  return (env) => {
    const window = env[windowSetting]
    return window === undefined ? plain(env) : { ...plain(env), paymentWindowMs: Number(window) }
  }
}

/** After this somebody else takes up the step of a saga whose process is gone or whose write has failed; there is no setting. */
export const nearLease = {
  module: 'loms/operations/take-news.ts',
  text: 'leaseMs = 5_000',
  nearer: 'leaseMs = 1_000',
} as const
