//! JSON as messages carry it: text in UTF-8, of which both engines can keep every part.

const utf8 = new TextDecoder('utf-8', { fatal: true })
// PostgreSQL's text has no U+0000. JSON can only bring one as an escape; after an escaped backslash it is none.
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/

/** The value in `bytes`, or undefined where there is none: JSON itself has no undefined. */
export function readJson(bytes: Uint8Array): unknown {
  try {
    const text = utf8.decode(bytes)
    return text.includes('\\u0000') && escapedNul.test(text) ? undefined : JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
