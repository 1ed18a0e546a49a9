/**
 * Whether a whole name matches a glob, as shells read it: `*` is any text, `?` is any one character,
 * everything else is itself.
 */
export function globMatcher(glob: string): (name: string) => boolean {
  const source = glob
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  const pattern = new RegExp(`^${source}$`, 'su')
  return (name) => pattern.test(name)
}
