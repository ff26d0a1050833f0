//! The settings of billing.
import { Type } from '@sinclair/typebox'
import { type Common, commonOf, commonRule, commonSettings, type Env, parseEnv } from '../runtime/config.ts'

const seconds = (most: number, fallback: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: most, default: fallback, description })

export const settings = Type.Object({
  ...commonSettings('BILLING', { http: 8085 }),
  BILLING_FREE_TOP_UP: Type.Optional(
    Type.Boolean({
      defaultText: 'true in development, else false',
      description: 'Whether a wallet is topped up for the asking, without a payment.',
    }),
  ),
  LOMS_SAGA: Type.Union([Type.Literal('orchestration'), Type.Literal('choreography')], {
    default: 'orchestration',
    description:
      'How an order is paid from a wallet: loms asks the others step by step, or each acts on the facts of the others. The same for loms, billing and delivery.',
  }),
  BILLING_HOLD_LOOK_SECONDS: seconds(
    86_400,
    180,
    'How long money may be held before loms is asked what became of the order, and between two such questions.',
  ),
  BILLING_UNKNOWN_ORDER_SECONDS: seconds(
    31_536_000,
    3_600,
    'How long an order may be unknown to loms before its money is given back.',
  ),
})

export type Config = Common & {
  readonly freeTopUp: boolean
  readonly choreography: boolean
  readonly holdLookMs: number
  readonly unknownOrderMs: number
}

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const given = parseEnv(settings, env, [commonRule('BILLING')])
  const common = commonOf('BILLING', given)
  return {
    ...common,
    freeTopUp: given.BILLING_FREE_TOP_UP ?? common.isDevelopment,
    choreography: given.LOMS_SAGA === 'choreography',
    holdLookMs: given.BILLING_HOLD_LOOK_SECONDS * 1000,
    unknownOrderMs: given.BILLING_UNKNOWN_ORDER_SECONDS * 1000,
  }
}
