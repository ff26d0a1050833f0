//! Finds the domain's words where none should be.

const domainWords = new Set(
  [
    'order sku cart checkout stock warehouse reservation product price catalog category',
    'promo discount invoice wallet payment refund customer buyer purchase shop',
    'shipment courier delivery loms notifier kopeck',
  ]
    .join(' ')
    .split(' '),
)

/** `orderBy` is SQL's word, whoever's rows they are. */
const otherwise = new Set(['orderBy'])

/** Names in code that hold a word of the domain. */
export function domainWordsIn(code: string): string[] {
  return tokensOf(code).filter((token) => wordsOf(token).some((word) => domainWords.has(word)))
}

/** The same in comments, where "order" alone is plain English: something stands in order. */
export function domainWordsInComments(comments: string): string[] {
  return tokensOf(comments).filter((token) => {
    const words = wordsOf(token)
    const [first = ''] = words
    return words.some((word) => domainWords.has(word)) && !(words.length === 1 && first === 'order')
  })
}

const tokensOf = (text: string): string[] =>
  (text.match(/[A-Za-z][A-Za-z0-9_]*/g) ?? []).filter((token) => !otherwise.has(token))

/** `orderIds` is `order`, `id`. */
function wordsOf(token: string): string[] {
  const parts = token.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
  return parts.split('_').map((word) => (word.endsWith('s') ? word.slice(0, -1) : word))
}
