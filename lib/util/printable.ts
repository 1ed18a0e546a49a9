/**
 * Controls (C0, DEL, C1), invisible format characters (among them those that turn the direction of
 * writing), line and paragraph separators, halves of surrogate pairs, and what is no character at all
 * (U+FFFE), which XML does not allow either.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu

/**
 * Text from a guest, from libvirt or from a policy as it may be shown: what could move a cursor, change
 * colours or forge a line stands there as an escape (`\x1b`, `\u202e`). Names and messages are data:
 * everything here that writes them for people goes through this function.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0)!
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`
    if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
    return `\\u{${code.toString(16)}}`
  })
}

/** The same for JSON text: the escapes are JSON's own, so that what is read back is what was written. */
export function printableJson(json: string): string {
  return json.replace(unprintable, (character) =>
    Array.from(
      { length: character.length },
      (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
