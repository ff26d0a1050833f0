//! The settings of notifier.
import { Type } from '@sinclair/typebox'
import { type Common, commonOf, commonRule, commonSettings, type Env, parseEnv } from '../runtime/config.ts'
import type { ListenerLimits } from './listeners.ts'

export const settings = Type.Object({
  ...commonSettings('NOTIFIER', { http: 8087 }),
  NOTIFIER_LISTENERS_MAX: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 2_000,
    description:
      'Connections to /api/v1/notifications/stream at once, of all customers; the next one is answered 503.',
  }),
  NOTIFIER_LISTENERS_PER_USER_MAX: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    default: 8,
    description: 'The same of one customer; the next one is answered 429.',
  }),
})

export type Config = Common & ListenerLimits

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const read = parseEnv(settings, env, [commonRule('NOTIFIER')])
  return {
    ...commonOf('NOTIFIER', read),
    listenersMax: read.NOTIFIER_LISTENERS_MAX,
    perUserMax: read.NOTIFIER_LISTENERS_PER_USER_MAX,
  }
}
