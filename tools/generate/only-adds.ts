//! Whether a schema of today still keeps what a released one promised. Released contracts only grow.

/** JSON Schema as a snapshot holds it. */
export type JsonSchema = { readonly [name: string]: unknown }

/**
 * What was taken away, as `path: what`; empty where the schema only grew. Whoever wrote the old is still understood and
 * whoever reads the old still finds everything: no field is gone, none that was always there may be missing, a new one
 * is never required, nothing that was let through is refused now.
 */
export function shrinkage(old: unknown, now: unknown, path = ''): string[] {
  if (!isSchema(old) || !isSchema(now)) return same(old, now) ? [] : [`${path || '/'}: is another schema`]
  const options = optionsOf(old)
  if (options !== undefined) return unionShrinkage(options, now, path)
  const candidates = optionsOf(now)
  // A schema that became one of several still lets through what it let through.
  if (candidates !== undefined) return closest(candidates.map((each) => shrinkage(old, each, path)))
  return [
    ...kindShrinkage(old, now, path),
    ...boundShrinkage(old, now, path),
    ...objectShrinkage(old, now, path),
    ...(isSchema(old.items) ? shrinkage(old.items, now.items, `${path}/*`) : []),
  ]
}

const isSchema = (value: unknown): value is JsonSchema => typeof value === 'object' && value !== null
const same = (a: unknown, b: unknown): boolean => Bun.deepEquals(a, b)
const optionsOf = ({ anyOf }: JsonSchema): readonly unknown[] | undefined =>
  Array.isArray(anyOf) ? anyOf : undefined

const closest = (attempts: readonly string[][]): string[] =>
  attempts.reduce((best, each) => (each.length < best.length ? each : best), attempts[0] ?? [])

function unionShrinkage(options: readonly unknown[], now: JsonSchema, path: string): string[] {
  const candidates = optionsOf(now) ?? [now]
  return options.flatMap((option) => closest(candidates.map((each) => shrinkage(option, each, path))))
}

/** What says which values are meant, and cannot be compared but by being the same. */
function kindShrinkage(old: JsonSchema, now: JsonSchema, path: string): string[] {
  const changed = (['type', 'const', 'pattern', 'format', 'multipleOf', 'uniqueItems'] as const).filter(
    (name) => now[name] !== undefined && !same(old[name], now[name]),
  )
  const lost = (['type', 'const'] as const).filter(
    (name) => old[name] !== undefined && now[name] === undefined,
  )
  return [...changed, ...lost].map(
    (name) => `${path || '/'}: ${name} was ${shown(old[name])}, is ${shown(now[name])}`,
  )
}

const lowerBounds = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']
const upperBounds = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']

function boundShrinkage(old: JsonSchema, now: JsonSchema, path: string): string[] {
  const tighter = (names: readonly string[], isTighter: (before: number, after: number) => boolean) =>
    names.filter((name) => {
      const [before, after] = [old[name], now[name]]
      if (typeof after !== 'number') return false
      return typeof before !== 'number' || isTighter(before, after)
    })
  const names = [
    ...tighter(lowerBounds, (before, after) => after > before),
    ...tighter(upperBounds, (before, after) => after < before),
  ]
  return names.map((name) => `${path || '/'}: ${name} was ${shown(old[name])}, is ${shown(now[name])}`)
}

function objectShrinkage(old: JsonSchema, now: JsonSchema, path: string): string[] {
  if (!isSchema(old.properties)) return []
  const present = isSchema(now.properties) ? now.properties : {}
  const [wasRequired, isRequired] = [requiredOf(old), requiredOf(now)]
  const closed = now.additionalProperties === false && old.additionalProperties !== false
  return [
    ...(closed ? [`${path || '/'}: refuses fields that it does not know`] : []),
    ...Object.entries(old.properties).flatMap(([name, schema]) => {
      if (!(name in present)) return [`${path}/${name}: is gone`]
      return shrinkage(schema, present[name], `${path}/${name}`)
    }),
    ...wasRequired
      .filter((name) => name in present && !isRequired.includes(name))
      .map((name) => `${path}/${name}: is no longer always there`),
    ...isRequired
      .filter((name) => !wasRequired.includes(name))
      .map((name) => `${path}/${name}: is required now`),
  ]
}

const requiredOf = ({ required }: JsonSchema): readonly string[] => (Array.isArray(required) ? required : [])

const shown = (value: unknown): string => (value === undefined ? 'not there' : JSON.stringify(value))

/** The same of plain values by name: every old one is there and unchanged, whatever is new. */
export function losses(old: JsonSchema, now: JsonSchema, path = ''): string[] {
  return Object.entries(old).flatMap(([name, before]) => {
    const after = now[name]
    const at = `${path}/${name}`
    if (after === undefined) return [`${at}: is gone`]
    if (isSchema(before) && isSchema(after) && !Array.isArray(before)) return losses(before, after, at)
    return same(before, after) ? [] : [`${at}: was ${shown(before)}, is ${shown(after)}`]
  })
}
