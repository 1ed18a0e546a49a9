import type { Inventory } from '../../report/feed/messages.ts'

/** A rectangle with what it stands for, in pixels. */
export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Where each pCPU is drawn, and what is around them. */
export interface MapLayout {
  readonly width: number
  readonly height: number
  /** Side of a pCPU. */
  readonly side: number
  /** By position in the inventory. */
  readonly pcpus: readonly Box[]
  /** A socket and NUMA cell, with its name above its pCPUs. */
  readonly cells: readonly (Box & { readonly name: string })[]
}

const gaps = { thread: 1, core: 3, cache: 8, cell: 14, padding: 8, title: 18 }
/** Pixels of a side, at most and at least. */
const sides = { most: 44, least: 8 }
/** Pixels that a map may be high, as far as its pCPUs can be as small. */
const fitHeight = 460
const mostCellsPerRow = 4

type Pcpu = Inventory['pcpus'][number]

/** The largest map that fits `width` and is not too high. */
export function layoutMap(pcpus: readonly Pcpu[], width: number): MapLayout {
  const cells = new Set(pcpus.map(cellOf)).size
  for (let side = sides.most; ; side--) {
    let lowest: MapLayout | undefined
    for (let perRow = 1; perRow <= Math.min(cells, mostCellsPerRow); perRow++) {
      const layout = layoutWith(pcpus, width, side, perRow)
      if (layout && (!lowest || layout.height < lowest.height)) lowest = layout
    }
    if (lowest && (side <= sides.least || lowest.height <= fitHeight)) return lowest
    if (side === 1) throw new Error('a core of one pixel fits any width')
  }
}

function cellOf({ socket, cell }: Pcpu): string {
  return `${socket} ${cell}`
}

interface Placed {
  readonly pcpus: readonly (readonly [position: number, box: Box])[]
  readonly width: number
  readonly height: number
}

/** Undefined: a core is wider than what there is for it. */
function layoutWith(
  pcpus: readonly Pcpu[],
  width: number,
  side: number,
  perRow: number,
): MapLayout | undefined {
  const boxes: Box[] = []
  const cells: (Box & { name: string })[] = []
  const positions = pcpus.map((pcpu, position) => ({ pcpu, position }))
  const severalSockets = new Set(pcpus.map(({ socket }) => socket)).size > 1
  let [x, y, rowHeight] = [0, 0, 0]
  for (const members of groups(positions, ({ pcpu }) => cellOf(pcpu))) {
    const { socket, cell } = members[0]!.pcpu
    const inner = Math.floor((width - (perRow - 1) * gaps.cell) / perRow) - 2 * gaps.padding
    const placed = placeCaches(members, inner, side)
    if (placed.width > inner) return undefined
    const name = severalSockets ? `socket ${socket}, cell ${cell}` : `cell ${cell}`
    const box = {
      name,
      width: Math.min(width, Math.max(placed.width + 2 * gaps.padding, 90)),
      height: placed.height + gaps.title + gaps.padding,
    }
    if (x > 0 && x + box.width > width) {
      x = 0
      y += rowHeight + gaps.cell
      rowHeight = 0
    }
    cells.push({ ...box, x, y })
    const [dx, dy] = [x + gaps.padding, y + gaps.title]
    for (const [position, at] of placed.pcpus) boxes[position] = moved(at, dx, dy)
    x += box.width + gaps.cell
    rowHeight = Math.max(rowHeight, box.height)
  }
  return { width, height: y + rowHeight, side, pcpus: boxes, cells }
}

type Member = { readonly pcpu: Pcpu; readonly position: number }

/** Groups of one cache beside each other, in rows; within each its cores in rows. */
function placeCaches(members: readonly Member[], width: number, side: number): Placed {
  const pcpus: [number, Box][] = []
  let [x, y, rowHeight, widest] = [0, 0, 0, 0]
  for (const group of groups(members, ({ pcpu }) => `${pcpu.cache}`)) {
    const inside = groups(group, ({ pcpu }) => `${pcpu.socket} ${pcpu.core}`)
    const coreWidth = Math.max(
      ...inside.map((threads) => threads.length * (side + gaps.thread) - gaps.thread),
    )
    const step = coreWidth + gaps.core
    const perRow = Math.max(
      1,
      Math.min(inside.length, columnsFor(inside.length), Math.floor((width + gaps.core) / step)),
    )
    const box = {
      width: perRow * step - gaps.core,
      height: Math.ceil(inside.length / perRow) * (side + gaps.core) - gaps.core,
    }
    if (x > 0 && x + box.width > width) {
      x = 0
      y += rowHeight + gaps.cache
      rowHeight = 0
    }
    for (const [index, threads] of inside.entries()) {
      const left = x + (index % perRow) * step
      const top = y + Math.floor(index / perRow) * (side + gaps.core)
      for (const [thread, { position }] of threads.entries()) {
        pcpus.push([position, { x: left + thread * (side + gaps.thread), y: top, width: side, height: side }])
      }
    }
    widest = Math.max(widest, x + box.width)
    x += box.width + gaps.cache
    rowHeight = Math.max(rowHeight, box.height)
  }
  return { pcpus, width: widest, height: y + rowHeight }
}

/** Cores in a row of one cache: about four times as wide as high, in full rows where that can be. */
function columnsFor(cores: number): number {
  const rows = Math.max(1, Math.round(Math.sqrt(cores / 4)))
  return Math.ceil(cores / rows)
}

function moved(box: Box, dx: number, dy: number): Box {
  return { ...box, x: box.x + dx, y: box.y + dy }
}

/** In the order of their first members. */
function groups<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const found = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = found.get(key)
    if (group) group.push(item)
    else found.set(key, [item])
  }
  return [...found.values()]
}
