//! Path and query parameters: text by nature, so they are read as what their schema declares and as nothing else.
import { KindGuard, type TObject, type TSchema } from '@sinclair/typebox'
import { type Problem, shapeOf, under } from './shape.ts'
import { unstorable } from './text.ts'

export type ParameterPlace = 'path' | 'query'
/** `path` is a JSON Pointer like that of a body, so the place is said beside it. */
export type ParameterProblem = Problem & { readonly in: ParameterPlace }
export type Parameters = {
  readonly values: Record<string, unknown>
  readonly problems: readonly ParameterProblem[]
}

export type ParametersShape = {
  readonly schema: TObject
  readonly fromPath: (params: Readonly<Record<string, string | undefined>>) => Parameters
  readonly fromQuery: (search: string) => Parameters
}

export function parametersOf(open: TObject): ParametersShape {
  const shape = shapeOf(open)
  const schema = shape.schema as TObject

  const judged = (place: ParameterPlace, texts: ReadonlyMap<string, readonly string[]>): Parameters => {
    const values: Record<string, unknown> = Object.create(null)
    for (const [name, given] of texts) values[name] = decode(schema.properties[name], given)
    const found = shape.check(values) ? [] : shape.problems(values)
    const problems = found.length > 0 ? found : unstorable(values)
    if (problems.length === 0) return { values, problems: [] }
    const repeated = repeatedIn(schema, texts)
    const told = ({ path, message }: Problem) => ({ path, message: repeated.get(path) ?? message, in: place })
    return { values, problems: problems.map(told) }
  }

  return {
    schema,
    fromPath: (params) =>
      judged('path', new Map(Object.entries(params).map(([name, text]) => [name, [text ?? undecodable]]))),
    fromQuery: (search) => {
      const given = new URLSearchParams(search)
      return judged('query', new Map([...new Set(given.keys())].map((name) => [name, given.getAll(name)])))
    },
  }
}

/** What is told of those that are given more than once, by their paths. Of a list each is one entry. */
function repeatedIn(
  schema: TObject,
  texts: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, string> {
  const repeated = [...texts].filter(([name, given]) => {
    const property: TSchema | undefined = schema.properties[name]
    return given.length > 1 && property !== undefined && !KindGuard.IsArray(property)
  })
  return new Map(repeated.map(([name]) => [under('', name), 'is given more than once']))
}

// What percent-encoding left no text of; it is no value of any parameter.
const undecodable = '\0'

// As text: what is a little more than a whole number is one once it is a number.
const integer = /^-?(0|[1-9]\d*)$/
const number = /^-?(0|[1-9]\d*)(\.\d+)?$/

/** What the text stands for; itself where it stands for nothing, which the schema then refuses. */
function decode(schema: TSchema | undefined, given: readonly string[]): unknown {
  if (schema !== undefined && KindGuard.IsArray(schema))
    return given.map((text) => decode(schema.items, [text]))
  const [text = ''] = given
  if (given.length > 1) return given
  if (schema?.type === 'integer') return integer.test(text) ? Number(text) : text
  if (schema?.type === 'number') return number.test(text) ? Number(text) : text
  if (schema?.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  return text
}
