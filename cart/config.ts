//! The settings of cart.
import { type Static, Type } from '@sinclair/typebox'
import { type Common, commonOf, commonRule, commonSettings, type Env, parseEnv } from '../runtime/config.ts'

export const settings = Type.Object({
  ...commonSettings('CART', { http: 8082, grpc: 9082 }),
  CART_CHECKOUT_WINDOW_SECONDS: Type.Integer({
    minimum: 1,
    maximum: 3600,
    default: 5,
    description: 'How long after its beginning a checkout may still become an order.',
  }),
  CART_PRODUCT_SERVICE: Type.Optional(
    Type.String({
      pattern: '^grpc://[^/:]+:[0-9]{1,5}$',
      expected: 'grpc://host:port',
      maxLength: 300,
      description:
        'grpc://host:port of a ProductService of somebody else, asked in place of our own catalogue.',
    }),
  ),
  CART_PRODUCT_SERVICE_TOKEN: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1024, secret: true, description: 'The token that it asks for.' }),
  ),
  CART_PRODUCT_SERVICE_REQUESTS_PER_SECOND: Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: 10,
    description: 'How often it may be asked.',
  }),
  CART_PRODUCT_SERVICE_AT_ONCE: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 5,
    description: 'How many questions to it may be open at once.',
  }),
  CART_PRODUCT_SERVICE_TRIES: Type.Integer({
    minimum: 1,
    maximum: 10,
    default: 3,
    description: 'How often a question is asked that it answers with RESOURCE_EXHAUSTED or UNAVAILABLE.',
  }),
})

export type ForeignCatalog = {
  readonly address: string
  readonly token: string
  readonly requestsPerSecond: number
  readonly atOnceMax: number
  readonly attemptsMax: number
}

export type Config = Common & {
  readonly checkoutWindowMs: number
  /** Present where the catalogue is somebody else's. */
  readonly foreignCatalog: ForeignCatalog | undefined
}

/** Throws a `ConfigError` with every problem. */
export function loadConfig(env: Env): Config {
  const given = parseEnv(settings, env, [commonRule('CART'), foreignRule])
  return {
    ...commonOf('CART', given),
    checkoutWindowMs: given.CART_CHECKOUT_WINDOW_SECONDS * 1000,
    foreignCatalog: foreignOf(given),
  }
}

type Given = Static<typeof settings>

function foreignOf(given: Given): ForeignCatalog | undefined {
  const { CART_PRODUCT_SERVICE: url, CART_PRODUCT_SERVICE_TOKEN: token } = given
  if (url === undefined || token === undefined) return undefined
  return {
    address: url.slice('grpc://'.length),
    token,
    requestsPerSecond: given.CART_PRODUCT_SERVICE_REQUESTS_PER_SECOND,
    atOnceMax: given.CART_PRODUCT_SERVICE_AT_ONCE,
    attemptsMax: given.CART_PRODUCT_SERVICE_TRIES,
  }
}

function foreignRule({
  CART_PRODUCT_SERVICE,
  CART_PRODUCT_SERVICE_TOKEN,
}: Partial<Given>): readonly string[] {
  if (CART_PRODUCT_SERVICE === undefined || CART_PRODUCT_SERVICE_TOKEN !== undefined) return []
  return ['CART_PRODUCT_SERVICE_TOKEN is not set; CART_PRODUCT_SERVICE needs it']
}
