/** How a piece of text stands out. What it looks like is the palette's to say. */
export const styles = [
  'plain',
  'bold',
  'dim',
  'title', // a line across the screen
  'selected',
  'good',
  'fair',
  'bad',
  'worst', // also where there are no colours
  'accent',
] as const
export type Style = (typeof styles)[number]

export interface Span {
  readonly text: string
  readonly style: Style
}

/** One line of the screen. Its texts are `printable`. */
export type Line = readonly Span[]

export function span(text: string, style: Style = 'plain'): Span {
  return { text, style }
}

export function line(text: string, style: Style = 'plain'): Line {
  return [{ text, style }]
}

/** Codes of SGR sequences by style. */
export type Palette = Readonly<Record<Style, string>>

const colours: Palette = {
  plain: '0',
  bold: '0;1',
  dim: '0;2',
  title: '0;1;7',
  selected: '0;7',
  good: '0;32',
  fair: '0;33',
  bad: '0;31',
  worst: '0;1;31',
  accent: '0;36',
}

const noColours: Palette = {
  ...colours,
  good: '0',
  fair: '0',
  bad: '0;1',
  worst: '0;7',
  accent: '0;1',
}

/** With NO_COLOR (https://no-color.org) texts stand out by bold and inverse alone. */
export function paletteOf(env: Readonly<Record<string, string | undefined>>): Palette {
  return env.NO_COLOR ? noColours : colours
}
