//! The words of a query, as the indexes of both engines know words. Pure.

/** More words than anybody means; those after it do not count. */
export const wordsMax = 32
// PostgreSQL keeps no word of more than 2 KB; a beginning finds whatever the whole would.
const lettersMax = 100

/** Small letters, ё as е, each word once; none where the query has neither letter nor digit. */
export function wordsOf(query: string): readonly string[] {
  const plain = query.normalize('NFC').toLowerCase().replaceAll('ё', 'е').replaceAll('ʼ', ' ')
  const words = plain.match(/[\p{L}\p{N}]+/gu) ?? []
  return [...new Set(words.map((word) => [...word].slice(0, lettersMax).join('')))].slice(0, wordsMax)
}
