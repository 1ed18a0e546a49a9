import stringWidth from 'string-width'

/** What a terminal shows as one character, and how many columns that takes: 1, or 2 for wide ones. */
export interface Grapheme {
  readonly text: string
  readonly width: number
}

/**
 * Each code unit is a character of one column: ASCII, the letters of Latin, what bars are drawn with. The usual case, which is
 * told apart quickly; U+00A9 and U+00AE may be emoji, U+00AD is a soft hyphen.
 */
const plain = /^[\x20-\x7e\xa1-\xa8\xaa-\xac\xaf-\u02ff\u2026\u2500-\u259f]*$/
/** Code units of a grapheme that are shown: combining marks can be piled up without an end. */
const longestGrapheme = 16
const segmenter = new Intl.Segmenter()

/** Columns that a text takes in a terminal. It is to be `printable`. */
export function displayWidth(text: string): number {
  return plain.test(text) ? text.length : stringWidth(text)
}

/** Whether each code unit of a text is a character of one column. */
export function isPlain(text: string): boolean {
  return plain.test(text)
}

/** The graphemes of a text; those without a width of their own are left out. */
export function* graphemesOf(text: string): Generator<Grapheme, void, undefined> {
  if (plain.test(text)) {
    for (const character of text) yield { text: character, width: 1 }
    return
  }
  for (const { segment } of segmenter.segment(text)) {
    const width = stringWidth(segment)
    if (width === 0) continue
    const isTooLong = segment.length > longestGrapheme
    yield { text: isTooLong ? String.fromCodePoint(segment.codePointAt(0)!) : segment, width }
  }
}

/** A text of this many columns at most; what is longer ends with `mark`. */
export function cutToWidth(text: string, width: number, mark = '…'): string {
  // Each character takes a column or more, so that no more than these are looked at.
  if (plain.test(text) && text.length <= width) return text
  const kept: string[] = []
  let used = 0
  /** How much of `kept` leaves room for the mark. */
  let markAt = 0
  for (const grapheme of graphemesOf(text)) {
    if (used + grapheme.width > width)
      return kept.slice(0, markAt).join('') + mark.slice(0, Math.max(0, width))
    used += grapheme.width
    kept.push(grapheme.text)
    if (used <= width - mark.length) markAt = kept.length
  }
  return kept.join('')
}

/** A text cut, or filled with blanks behind it, to this many columns. */
export function fitEnd(text: string, width: number, mark?: string): string {
  const cut = cutToWidth(text, width, mark)
  return cut + ' '.repeat(Math.max(0, width - displayWidth(cut)))
}
