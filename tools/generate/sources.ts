//! Looks at source text without running it: what a file imports, and what is left of it without its comments.

export type Import = {
  /** As it is written after `from`. */
  readonly from: string
  /** The names in braces, as the other module calls them. */
  readonly names: readonly string[]
}

// `import … from '…'` and `export … from '…'` at the beginning of a line, over several lines too; a type is an arrow like any other.
const statement = /^(?:import|export)\s+(?:type\s+)?([\w*\s{},$]*?)\s*from\s*'([^']+)'/gm
const sideEffect = /^import\s*'([^']+)'/gm
const dynamic = /\bimport\(\s*'([^']+)'\s*\)/g

/** Everything that a TypeScript text imports; a path that is put together while it runs is not found. */
export function importsOf(text: string): Import[] {
  const named = [...text.matchAll(statement)].map(([, clause = '', from = '']) => ({
    from,
    names: namesOf(clause),
  }))
  const others = [...text.matchAll(sideEffect), ...text.matchAll(dynamic)]
  return [...named, ...others.map(([, from = '']) => ({ from, names: [] }))]
}

function namesOf(clause: string): string[] {
  const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  return braces
    .split(',')
    .map((name) => name.trim().replace(/^type\s+/, '').replace(/\s+as\s+.*$/, ''))
    .filter((name) => name !== '')
}

/** The text with its comments blanked out; lines stay where they are. Comment signs inside of quotes are no comments. */
export function withoutComments(text: string): string {
  return text.replace(tokens, (token) => (token.startsWith('/') && !isRegex(token) ? blank(token) : token))
}

/** The comments alone, one below the other. */
export function commentsOf(text: string): string {
  return [...text.matchAll(tokens)]
    .map(([token]) => token)
    .filter((token) => token.startsWith('/') && !isRegex(token))
    .join('\n')
}

// Quotes are matched only so that a comment sign in them is passed over; a regular expression of one line likewise.
const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(,=:[!&|?{};\n]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])*\/[a-z]*/g

const isRegex = (token: string): boolean => !token.startsWith('//') && !token.startsWith('/*')

const blank = (token: string): string => token.replace(/[^\n]/g, ' ')
