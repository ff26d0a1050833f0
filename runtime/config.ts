//! Settings: read once, whole, at the door. Every problem is told together, and no secret is told at all.
import { KindGuard, type Static, type TObject, type TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { expected } from './expected.ts'

export { addressesIn, wrongAddresses } from './config/addresses.ts'
export {
  type Common,
  commonOf,
  commonRule,
  commonSettings,
  isDevelopment,
  isLoopback,
} from './config/common.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** A rule between settings. It sees those that were read well, and returns what is wrong in words. */
export type SettingsRule<T extends TObject> = (settings: Readonly<Partial<Static<T>>>) => readonly string[]

/** What the operator has to put right before the process can start. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`settings: ${problems.join('; ')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads settings by their schema: `Integer`, `Boolean` (`true`, `false`), `String`, unions of literals, `Optional` and
 * `default`. An empty value is one that was not set. The schema option `secret: true` keeps a value out of messages.
 */
export function parseEnv<T extends TObject>(
  schema: T,
  env: Env,
  rules: readonly SettingsRule<T>[] = [],
): Static<T> {
  const settings: Record<string, unknown> = {}
  const problems: string[] = []
  for (const [name, property] of Object.entries(schema.properties)) {
    const setting = read(name, property, env[name])
    if (setting.problem !== undefined) problems.push(setting.problem)
    else if (setting.value !== undefined) settings[name] = setting.value
  }
  // Each value passed its own schema; the rules are told of a partial object, the caller of the whole one only.
  for (const rule of rules) problems.push(...rule(settings as Partial<Static<T>>))
  if (problems.length > 0) throw new ConfigError(problems)
  return settings as Static<T>
}

type Read = { readonly value?: unknown; readonly problem?: string }

function read(name: string, schema: TSchema, text: string | undefined): Read {
  if (text === undefined || text === '') {
    if (schema.default !== undefined) return { value: schema.default }
    return KindGuard.IsOptional(schema) ? {} : { problem: `${name} is not set; it ${expected(schema)}` }
  }
  const value = decode(schema, text)
  if (Value.Check(schema, value)) return { value }
  const given = schema.secret === true ? '' : `, not ${JSON.stringify(text)}`
  return { problem: `${name} ${expected(schema)}${given}` }
}

const wholeNumber = /^-?\d+$/
const decimal = /^-?\d+(\.\d+)?$/

/** The value that a text stands for; the text itself where it stands for none, which the schema then refuses. */
function decode(schema: TSchema, text: string): unknown {
  if (schema.type === 'integer') return wholeNumber.test(text) ? Number(text) : text
  if (schema.type === 'number') return decimal.test(text) ? Number(text) : text
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}

export type SettingRow = {
  readonly name: string
  /** As it would be written in an environment file; undefined where there is none. */
  readonly default: string | undefined
  readonly description: string
  readonly secret: boolean
}

/** The rows of `.env.example` and of the documents. `defaultText` in the schema stands for a default that is computed. */
export function describeSettings(schema: TObject): SettingRow[] {
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    default: property.defaultText ?? (property.default === undefined ? undefined : String(property.default)),
    description: property.description ?? '',
    secret: property.secret === true,
  }))
}
