import { crc32, deflateSync } from 'node:zlib'

/**
 * A picture of rows of values from 0 to 1, one pixel each, as the address of a PNG within the page: a pCPU for each row costs
 * a few bytes so, where shapes would cost thousands. The larger a value, the less transparent its pixel; NaN is none.
 */
export function heatmap(
  rows: readonly ArrayLike<number>[],
  width: number,
  colour: readonly [number, number, number],
): string {
  const lines = Buffer.alloc(rows.length * (width + 1))
  for (const [y, row] of rows.entries()) {
    // The first byte of a line is its filter: none.
    for (let x = 0; x < width; x++) lines[y * (width + 1) + 1 + x] = levelOf(row[x] ?? Number.NaN)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(Math.max(1, width), 0)
  header.writeUInt32BE(Math.max(1, rows.length), 4)
  header[8] = 8 // bits of each pixel
  header[9] = 3 // which are numbers of colours
  const colours = Buffer.alloc(3 * levels)
  const opacities = Buffer.alloc(levels)
  for (let level = 0; level < levels; level++) {
    colours.set(colour, 3 * level)
    opacities[level] =
      level === 0 ? 0 : Math.round(lightest + ((255 - lightest) * (level - 1)) / (levels - 2))
  }
  const parts = [
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('tRNS', opacities),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return `data:image/png;base64,${Buffer.concat(parts).toString('base64')}`
}

/** Number 0 is what is not known. */
const levels = 64
/** Opacity of an idle pCPU, which is told from an unknown one by it. */
const lightest = 14

function levelOf(value: number): number {
  return Number.isNaN(value) ? 0 : 1 + Math.round((levels - 2) * Math.min(1, Math.max(0, value)))
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}
