/** The most similar of some words, where one is like enough to have been meant. */
export function mostSimilar(word: string, words: readonly string[]): string | undefined {
  let found: { readonly word: string; readonly edits: number } | undefined
  for (const one of words) {
    const edits = editsBetween(word, one)
    if (edits <= Math.max(word.length, one.length) / 3 && edits < (found?.edits ?? mostEdits + 1)) {
      found = { word: one, edits }
    }
  }
  return found?.word
}

/** What is farther away is another word. */
const mostEdits = 3

/**
 * Damerau's distance: characters to put in, to leave out or to replace, and neighbours to exchange. Longer words than any
 * option are not looked at.
 */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > mostEdits) return Number.POSITIVE_INFINITY
  let last: readonly number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const exchanged = isExchange ? last[j - 2]! + 1 : replaced
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced, exchanged))
    }
    last = row
    row = next
  }
  return row[b.length]!
}
