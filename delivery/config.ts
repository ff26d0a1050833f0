//! The settings of delivery.
import { Type } from '@sinclair/typebox'
import { type Common, commonOf, commonRule, commonSettings, type Env, parseEnv } from '../runtime/config.ts'

export const settings = Type.Object({
  ...commonSettings('DELIVERY', { http: 8086 }),
  LOMS_SAGA: Type.Union([Type.Literal('orchestration'), Type.Literal('choreography')], {
    default: 'orchestration',
    description:
      'How an order is paid from a wallet: loms asks the others step by step, or each acts on the facts of the others. The same for loms, billing and delivery.',
  }),
})

export type Config = Common & { readonly choreography: boolean }

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const given = parseEnv(settings, env, [commonRule('DELIVERY')])
  return { ...commonOf('DELIVERY', given), choreography: given.LOMS_SAGA === 'choreography' }
}
