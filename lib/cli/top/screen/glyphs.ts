/** The characters that bars and series are drawn with. */
export interface Glyphs {
  /** From nothing to full; what is not known is blank. */
  readonly levels: readonly string[]
  /** Of bars: used, wanted beyond that, and the rest. */
  readonly solid: string
  readonly shaded: string
  readonly empty: string
  /** Ends what was cut. */
  readonly ellipsis: string
  readonly rule: string
  readonly arrows: string
  readonly dot: string
  /** A pCPU that nothing is placed on. */
  readonly unusable: string
  /** Whether other characters than those of ASCII may be shown. */
  readonly unicode: boolean
}

const unicode: Glyphs = {
  levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  solid: '█',
  shaded: '▒',
  empty: '·',
  ellipsis: '…',
  rule: '─',
  arrows: '↑↓',
  dot: '·',
  unusable: '×',
  unicode: true,
}

const ascii: Glyphs = {
  levels: ['.', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  solid: '#',
  shaded: '=',
  empty: '.',
  ellipsis: '~',
  rule: '-',
  arrows: 'up/down',
  dot: '|',
  unusable: 'x',
  unicode: false,
}

/** Those of Unicode where the locale says that the terminal shows them, and the user does not say otherwise. */
export function glyphsFor(
  env: Readonly<Record<string, string | undefined>>,
  { ascii: isAscii = false }: { readonly ascii?: boolean | undefined },
): Glyphs {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || ''
  return !isAscii && /utf-?8/i.test(locale) ? unicode : ascii
}

/** The level of a fraction; blank: it is not known. */
export function level({ levels }: Glyphs, fraction: number | undefined): string {
  if (fraction === undefined || Number.isNaN(fraction)) return ' '
  const highest = levels.length - 1
  return levels[Math.max(0, Math.min(highest, Math.round(fraction * highest)))]!
}

/** Solid up to one fraction, shaded from there to another. */
export function bar({ solid, shaded, empty }: Glyphs, width: number, used: number, wanted = used): string {
  const full = Math.max(0, Math.min(width, Math.round(width * used)))
  const rest = Math.max(0, Math.min(width, Math.round(width * wanted)) - full)
  return solid.repeat(full) + shaded.repeat(rest) + empty.repeat(width - full - rest)
}

/** The last values as levels of `highest`, the newest at the right. */
export function sparkline(glyphs: Glyphs, values: readonly number[], width: number, highest: number): string {
  const shown = values.slice(-width).map((value) => level(glyphs, highest > 0 ? value / highest : value))
  return shown.join('').padStart(width)
}
