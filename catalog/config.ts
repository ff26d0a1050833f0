//! The settings of catalog.
import { type Static, Type } from '@sinclair/typebox'
import {
  type Common,
  commonOf,
  commonRule,
  commonSettings,
  type Env,
  isDevelopment,
  parseEnv,
} from '../runtime/config.ts'

export const settings = Type.Object({
  ...commonSettings('CATALOG', { http: 8083, grpc: 9083 }),
  CATALOG_TOKEN: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1024,
      secret: true,
      defaultText: 'testtoken in development',
      description: 'What callers of get_product and list_skus bring along. Required outside development.',
    }),
  ),
})

export type Config = Common & {
  /** The token of the RPC and gRPC surfaces. */
  readonly token: string
}

// Known to everybody who reads this, so it counts in development only.
const developmentToken = 'testtoken'

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const given = parseEnv(settings, env, [commonRule('CATALOG'), tokenRule])
  const common = commonOf('CATALOG', given)
  const token = given.CATALOG_TOKEN ?? (common.isDevelopment ? developmentToken : undefined)
  if (token === undefined) throw new Error('settings were read without tokenRule')
  return { ...common, token }
}

type Given = Readonly<Partial<Static<typeof settings>>>

function tokenRule(given: Given): readonly string[] {
  if (given.CATALOG_TOKEN !== undefined || isDevelopment('CATALOG', given)) return []
  return ['CATALOG_TOKEN is not set; it has no default outside development']
}
