import { printable } from '../../util/printable.ts'

/** Markup that is safe to write as it is. Only this module makes it. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | readonly Html[]

/**
 * Markup with values in it. A text is data, whoever wrote it: it is escaped, and what a terminal or a reader would obey stands
 * there as an escape. Attributes are to be in double quotes.
 *
 * @example html`<b title="${name}">${name}</b>`
 */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(texts.reduce((text, next, i) => text + textOf(parts[i - 1]!) + next))
}

/** Markup that is made of nothing but our own figures, such as a path or a style. */
export function trusted(text: string): Html {
  return new Html(text)
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escaped(part)
  return part.map(({ text }) => text).join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character]!)
}
