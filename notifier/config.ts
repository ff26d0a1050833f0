//! The settings of notifier.
import { Type } from '@sinclair/typebox'
import { type Common, commonOf, commonRule, commonSettings, type Env, parseEnv } from '../runtime/config.ts'

export const settings = Type.Object(commonSettings('NOTIFIER', { http: 8087 }))

export type Config = Common

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  return commonOf('NOTIFIER', parseEnv(settings, env, [commonRule('NOTIFIER')]))
}
