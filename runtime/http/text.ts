//! Text that cannot be stored as it came: U+0000, which PostgreSQL refuses, and halves of surrogate pairs, which UTF-8 has not.
import { type Problem, under } from './shape.ts'

const message = 'must hold neither U+0000 nor half a surrogate pair'

export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** JSON can only bring such text as an escape, so most bodies need no look at their values. */
export function mayBeUnstorable(json: string): boolean {
  return json.includes('\\u')
}

/** The paths of text that cannot be stored, keys included. For values of a declared shape, whose depth is bounded. */
export function unstorable(value: unknown, path = ''): readonly Problem[] {
  if (typeof value === 'string') return isStorable(value) ? [] : [{ path, message }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, entry]) => {
    const entryPath = under(path, name)
    return isStorable(name) ? unstorable(entry, entryPath) : [{ path: entryPath, message }]
  })
}
