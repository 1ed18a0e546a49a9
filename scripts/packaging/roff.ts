/** Text of a man page, in lines that its readers' tools like. */
export function prose(text: string): string {
  const lines: string[] = []
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= longestLine)
      lines[lines.length - 1] += ` ${word}`
    else lines.push(word)
  }
  return escaped(lines.join('\n'))
}

const longestLine = 76

/** What is typed: its dashes are dashes, also when they are copied. */
export function literal(text: string): string {
  return escaped(text).replaceAll('-', '\\-')
}

/** What would be a macro or an escape is neither. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replace(/^([.'])/gm, '\\&$1')
}

export const bold = (text: string) => `\\fB${literal(text)}\\fR`
export const italic = (text: string) => `\\fI${literal(text)}\\fR`

/** A paragraph under what it is about. */
export function tagged(tag: string, paragraph: string): string {
  return `.TP\n${tag}\n${prose(paragraph)}`
}

export function section(heading: string, ...paragraphs: readonly string[]): string {
  return [`.SH ${heading.toUpperCase()}`, ...paragraphs].join('\n')
}

/** Lines as they are. */
export function block(text: string): string {
  return `.EX\n${literal(text)}\n.EE`
}

/** Another page. */
export function reference(name: string, chapter: number): string {
  return `${bold(name)}(${chapter})`
}

/** A whole page of the manual. */
export function page(
  { name, chapter, title, date, version }: PageHead,
  sections: readonly (string | undefined)[],
): string {
  return `.\\" Made from the definition of the command line: npm run build:packaging.
.TH ${literal(name.toUpperCase())} ${chapter} ${date} "Ballast ${version}"
.SH NAME
${literal(name)} \\- ${prose(title)}
${sections.filter((text) => text !== undefined).join('\n')}
`
}

export interface PageHead {
  readonly name: string
  readonly chapter: 1 | 5
  /** One phrase. */
  readonly title: string
  /** As 2026-01-02. */
  readonly date: string
  readonly version: string
}
