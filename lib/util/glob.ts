/**
 * Whether a whole name matches a glob, as shells read it: `*` is any text, `?` is any one character,
 * everything else is itself. Takes at most as many steps as the product of both lengths.
 */
export function globMatcher(glob: string): (name: string) => boolean {
  const pattern = [...glob.replace(/\*+/g, '*')]
  return (name) => matches(pattern, [...name])
}

function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let at = 0
  /** The last star so far, and where what follows it was tried last. */
  let star = -1
  let tried = 0
  for (let i = 0; i < name.length; ) {
    if (pattern[at] === '*') {
      star = at++
      tried = i
    } else if (pattern[at] === '?' || pattern[at] === name[i]) {
      at++
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++tried
    } else {
      return false
    }
  }
  return pattern.slice(at).every((sign) => sign === '*')
}
