//! Looks at source text without running it: what a file imports, and its code and comments apart.

export type Import = {
  /** As it is written after `from`. */
  readonly from: string
  /** The names in braces, as the other module calls them. */
  readonly names: readonly string[]
}

// At the beginning of a line, over several lines too; the import of a type is an arrow like any other.
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
  const names = braces.split(',').map((name) =>
    name
      .trim()
      .replace(/^type\s+/, '')
      .replace(/\s+as\s+.*$/, ''),
  )
  return names.filter((name) => name !== '')
}

export type Source = {
  /** The text with its comments blanked out; everything stays on its line. */
  readonly code: string
  /** The comments, each on its line, and nothing else. */
  readonly comments: string
}

// Longest first. A `/` is a pattern where a value may begin, and a division where one has ended.
const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\//y
const quoted = /'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"/y
const pattern = /\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
const mayBeginValue = /(?:^|[(,=:[!&|?{};<>+*%~-]|\breturn|\bcase|\btypeof)\s*$/

/** Takes a text apart. Comment signs in quotes, templates and patterns are none. */
export function apart(text: string): Source {
  const isComment = new Uint8Array(text.length)
  /** For every template that is open: how many braces are open in its current `${…}`, or -1 in its text. */
  const templates: number[] = []
  const taken = (token: RegExp, at: number): number => {
    token.lastIndex = at
    return token.exec(text)?.[0].length ?? 0
  }
  for (let at = 0; at < text.length; ) {
    const depth = templates.at(-1)
    const char = text[at]
    if (depth === -1) {
      if (char === '`') templates.pop()
      else if (char === '$' && text[at + 1] === '{') {
        templates[templates.length - 1] = 0
        at += 1
      } else if (char === '\\') at += 1
      at += 1
      continue
    }
    const commented = taken(comment, at)
    isComment.fill(1, at, at + commented)
    const passed = commented || taken(quoted, at) || (valueMayBegin(text, at) ? taken(pattern, at) : 0)
    if (passed > 0) {
      at += passed
      continue
    }
    if (char === '`') templates.push(-1)
    else if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1
    else if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1
    at += 1
  }
  const only = (wanted: 0 | 1) =>
    text.replace(/[^\n]/g, (char, at: number) => (isComment[at] === wanted ? char : ' '))
  return { code: only(0), comments: only(1) }
}

const valueMayBegin = (text: string, at: number): boolean =>
  text[at] === '/' && mayBeginValue.test(text.slice(Math.max(0, at - 20), at))
