//! The settings of loms.
import { Type } from '@sinclair/typebox'
import { type Common, commonOf, commonRule, commonSettings, type Env, parseEnv } from '../runtime/config.ts'
import { type SagaMode, sagaModes } from './domain/saga.ts'

export const settings = Type.Object({
  ...commonSettings('LOMS', { http: 8081, grpc: 9081 }),
  LOMS_PAYMENT_WINDOW_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 31_536_000,
    default: 600,
    description: 'How long a reservation waits for payment before the order is cancelled.',
  }),
  LOMS_SAGA: Type.Union(
    sagaModes.map((mode) => Type.Literal(mode)),
    {
      default: 'orchestration',
      description:
        'How an order is paid from a wallet: loms asks the others step by step, or each acts on the facts of the others. The same for loms, billing and delivery.',
    },
  ),
})

export type Config = Common & { readonly paymentWindowMs: number; readonly sagaMode: SagaMode }

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const given = parseEnv(settings, env, [commonRule('LOMS')])
  return {
    ...commonOf('LOMS', given),
    paymentWindowMs: given.LOMS_PAYMENT_WINDOW_SECONDS * 1000,
    sagaMode: given.LOMS_SAGA,
  }
}
