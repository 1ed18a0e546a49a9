import { printable } from '../../lib/util/printable.ts'

/** What every plot may be told. */
export interface PlotOptions {
  /** Above the plot. Default: what is to be seen. */
  readonly title?: string | undefined
}

/** Where things are in a plot, in its own units: those of a screen at its natural size. */
export const plotWidth = 760
export const margin = { left: 96, right: 64, top: 48, bottom: 38 }
export const innerWidth = plotWidth - margin.left - margin.right

/** Colours of text, lines and paper, for both kinds of screen. */
const style = `
text{fill:#1f2328;font:12px system-ui,sans-serif}.title{font-size:14px;font-weight:600}.soft{fill:#59636e}
.paper{fill:#fff}.grid{stroke:#d1d9e0}.mark{stroke:#59636e;stroke-dasharray:2 3}.mean{stroke:#1f2328;stroke-dasharray:6 4}
.line{fill:none;stroke-width:2;stroke-linejoin:round}.on{fill:#fff;font-size:11px;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9198a1}.paper{fill:#0d1117}.grid{stroke:#30363d}
.mark{stroke:#9198a1}.mean{stroke:#e6edf3}.on{fill:#fff}}`

/** A whole SVG document of plain text, readable on light and dark screens. */
export function svg(title: string, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${plotWidth} ${height}" role="img">`,
    `<title>${escaped(title)}</title><style>${style}</style>`,
    `<rect class="paper" width="${plotWidth}" height="${height}"/>`,
    text(title, { x: margin.left, y: 20, of: 'title' }),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

/** Turns times into places along the plot, and draws the axis of seconds below it. */
export class TimeAxis {
  readonly #start: number
  readonly #span: number

  /** `start` and `end` in milliseconds of one clock. */
  constructor(start: number, end: number) {
    this.#start = start
    this.#span = Math.max(1, end - start)
  }

  x(time: number): number {
    return margin.left + (innerWidth * (time - this.#start)) / this.#span
  }

  /** The axis at `y`, with seconds since the start. */
  draw(y: number): string[] {
    const step = niceStep(this.#span / 1_000 / 8)
    const parts = []
    for (let second = 0; second <= this.#span / 1_000; second += step) {
      parts.push(
        text(`${second} s`, {
          x: this.x(this.#start + 1_000 * second),
          y: y + 16,
          anchor: 'middle',
          of: 'soft',
        }),
      )
    }
    return parts
  }
}

/** The next number of 1, 2, 5, 10, 20, 50, … from `least` on. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (
    [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= Math.max(1, least) * 0.999) ??
    10 * power
  )
}

/** A colour for each pCPU; numbers that are near each other have colours that are not. */
export function colourOf(pcpu: number): string {
  return `hsl(${Math.round((210 + 137.5 * pcpu) % 360)} 62% 46%)`
}

export function text(
  words: string,
  { x, y, anchor, of }: { x: number; y: number; anchor?: 'middle' | 'end'; of?: string },
): string {
  const anchored = anchor ? ` text-anchor="${anchor}"` : ''
  const classed = of ? ` class="${of}"` : ''
  return `<text x="${figure(x)}" y="${figure(y)}"${anchored}${classed}>${escaped(words)}</text>`
}

export function line(x1: number, y1: number, x2: number, y2: number, of: string): string {
  return `<path class="${of}" d="M${figure(x1)} ${figure(y1)}L${figure(x2)} ${figure(y2)}"/>`
}

/** No more digits than can be seen. */
export function figure(value: number): string {
  return `${Number(value.toFixed(1))}`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(words: string): string {
  return printable(words).replace(/[&<>"]/g, (sign) => entities[sign]!)
}
