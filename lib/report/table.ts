import type { Tick } from '../control/tick.ts'
import { isRunning } from '../host/sample.ts'
import { cutToWidth, displayWidth, fitEnd } from '../util/display-width.ts'
import { counted, formatBytes, formatBytesOf, formatPercent } from '../util/format.ts'
import { printable } from '../util/printable.ts'
import { mean } from '../util/statistics.ts'
import { type PcpuLoad, pcpuLoads } from '../view/cpu/pcpu-loads.ts'
import { placeOf } from '../view/cpu/placement.ts'
import type { Scores } from '../view/score/scores.ts'
import type { DomainMemoryView, DomainView, MemoryHold, View } from '../view/view.ts'
import { headline } from './headline.ts'

export interface TableOptions {
  /** Colours by ANSI sequences; default false. */
  readonly colour?: boolean
  /** Columns of the terminal; longer lines are cut. Default 100. */
  readonly columns?: number
  /** One line for the pCPUs of each NUMA cell, instead of one for each pCPU; default false. */
  readonly cells?: boolean
  /** Guests to show at most: those with the lowest score, among equals those that want the most. Default: all. */
  readonly guests?: number
  /** Which guests get a line, by name; the bars count all. Default: all. */
  readonly shows?: (name: string) => boolean
}

/** Stands for a value that is not known. */
const unknown = '-'

const loadBar = 30
const memoryBar = 8
const scoreWidth = 7
const placesWidth = 8
/** Of a name, in columns; the rest of a longer one is cut, so that the columns hold. */
const longestName = 24

/**
 * The host at one tick, as lines of text: a bar for each pCPU or cell (solid: used, shaded: demand that waits)
 * with the guests on it, then a line for each guest.
 */
export function table(tick: Tick, options: TableOptions = {}): string[] {
  const columns = options.columns ?? 100
  const style = styles(options.colour ?? false)
  const { view } = tick
  const loads = pcpuLoads(view)
  // One scale for all bars, so that they can be compared: a full pCPU, or the most crowded one.
  const scale = Math.max(1, ...loads.map(({ demand, usage }) => Math.max(demand, usage ?? 0)))
  const wanted = view.domains.filter(({ name }) => options.shows?.(name) ?? true)
  const rows = new Map(view.domains.map((domain, row) => [domain, row]))
  const shown = neediest(wanted, options.guests ?? wanted.length, (domain) => {
    const score = tick.scores.together[rows.get(domain)!]!
    return Number.isNaN(score) ? (tick.scores.cpu[rows.get(domain)!] ?? Number.NaN) : score
  })
  const nameWidth = Math.max(
    5,
    ...shown.map((domain) => displayWidth(cutToWidth(printable(domain.name), longestName))),
  )
  const hidden = wanted.length - shown.length
  const cut = (line: string) => cutToWidth(line, columns)
  return [
    style.bold(cut(tickHeader(tick))),
    ...(options.cells
      ? [
          style.dim(cut(`cell  ${'load'.padEnd(loadBar)}  ${columnsOf('usage', 'demand', 'busy')}  pCPUs`)),
          ...cellLines(view, loads).map(cut),
        ]
      : [
          style.dim(cut(`pCPU  ${'load'.padEnd(loadBar)}  ${columnsOf('usage', 'demand', 'busy')}  guests`)),
          ...loads.map((load) => cut(pcpuLine(load, scale))),
        ]),
    style.dim(cut(guestHead(nameWidth))),
    ...shown.map((domain) => {
      const line = cut(guestLine(domain, nameWidth, scoreCell(tick.scores, rows.get(domain)!)))
      return domain.memory.hold === 'stuck' ? style.red(line) : line
    }),
    ...(hidden > 0 ? [style.dim(`and ${counted(hidden, 'more guest')}`)] : []),
  ]
}

function tickHeader(tick: Tick): string {
  const { index, cause, wallTime } = tick
  const clock = new Date(wallTime).toTimeString().slice(0, 8)
  const name = `tick ${index}${cause === 'emergency' ? ' (emergency)' : ''}`
  return printable([name, clock, ...headline(tick)].join('   '))
}

function pcpuLine({ id, usage, demand, busy, vcpus }: PcpuLoad, scale: number): string {
  const load = bar(loadBar, (usage ?? 0) / scale, demand / scale)
  const names = new Set(vcpus.map((vcpu) => printable(vcpu.domain.name)))
  const figures = columnsOf(percent(usage), percent(usage === undefined ? undefined : demand), percent(busy))
  return `${String(id).padStart(4)}  ${load}  ${figures}  ${[...names].join(' ')}`.trimEnd()
}

/** A line for each cell that has pCPUs to place vCPUs on, with the means of these, and the one that is wanted most. */
function cellLines({ topology }: View, loads: readonly PcpuLoad[]): string[] {
  const cells = new Map<number, PcpuLoad[]>()
  const cellOf = new Map(topology.pcpus.map(({ id, cell }) => [id, cell]))
  for (const load of loads) {
    const cell = cellOf.get(load.id)!
    cells.set(cell, [...(cells.get(cell) ?? []), load])
  }
  const lines = Array.from(cells, ([cell, there]) => ({
    cell,
    there,
    usage: meanOfKnown(there.map(({ usage }) => usage)),
    demand: meanOfKnown(there.map(({ demand }) => demand)) ?? 0,
    busy: meanOfKnown(there.map(({ busy }) => busy)),
  }))
  const scale = Math.max(1, ...lines.map(({ demand, usage }) => Math.max(demand, usage ?? 0)))
  return lines
    .toSorted((a, b) => a.cell - b.cell)
    .map(({ cell, there, usage, demand, busy }) => {
      const most = there.reduce((a, b) => (b.demand > a.demand ? b : a))
      const load = bar(loadBar, (usage ?? 0) / scale, demand / scale)
      const figures = columnsOf(
        percent(usage),
        percent(usage === undefined ? undefined : demand),
        percent(busy),
      )
      const highest =
        usage === undefined || most.demand === 0
          ? ''
          : `, highest demand: ${percent(most.demand)} on ${most.id}`
      return `${String(cell).padStart(4)}  ${load}  ${figures}  ${there.length}${highest}`
    })
}

/** Undefined where none is known. */
function meanOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? mean(Float64Array.from(known)) : undefined
}

function columnsOf(...cells: string[]): string {
  return cells.map((cell) => cell.padStart(6)).join(' ')
}

/** Solid up to one fraction, shaded from there to another. */
function bar(width: number, solid: number, shaded: number): string {
  const full = Math.round(width * solid)
  const rest = Math.max(0, Math.round(width * shaded) - full)
  return ('█'.repeat(full) + '▒'.repeat(rest)).padEnd(width, '·')
}

function guestHead(nameWidth: number): string {
  const memory = `${'balloon'.padStart(14)} ${'unused'.padStart(9)}  memory`
  return `${'guest'.padEnd(nameWidth)}  vCPUs on pCPU   ${columnsOf('usage', 'delay', 'demand')} ${'score'.padStart(scoreWidth)}  ${memory}`
}

function guestLine({ name, state, vcpus, memory }: DomainView, nameWidth: number, score: string): string {
  const places = new Set(vcpus.map((vcpu) => String(placeOf(vcpu) ?? '?')))
  const delays = vcpus.flatMap((vcpu) => vcpu.delay ?? [])
  const { actual = 0, maximum = 0, unused = actual } = memory
  // Solid: used; shaded: given and not known to be used; the rest up to the maximum is not given.
  const memoryInUse = maximum > 0 ? bar(memoryBar, (actual - unused) / maximum, actual / maximum) : ''
  return [
    fitEnd(printable(name), nameWidth),
    String(vcpus.length).padStart(5),
    fitEnd([...places].join(','), placesWidth),
    columnsOf(
      percent(sumOfKnown(vcpus.map((vcpu) => vcpu.usage))),
      percent(delays.length > 0 ? Math.max(...delays) : undefined),
      percent(sumOfKnown(vcpus.map((vcpu) => vcpu.demand))),
    ).concat(` ${score}`),
    `${sizes(memory).padStart(14)} ${bytes(memory.unused).padStart(9)}`,
    memoryInUse,
    [isRunning(state) ? noteOn(memory.hold) : 'not running', throttling(vcpus), plugged(memory)]
      .filter(Boolean)
      .join(', '),
  ]
    .join('  ')
    .trimEnd()
}

/** The scores of CPU and of memory: `87/100`. */
function scoreCell({ cpu, memory }: Scores, row: number): string {
  const points = (score: number) => (Number.isNaN(score) ? unknown : String(score))
  return `${points(cpu[row]!)}/${points(memory[row]!)}`.padStart(scoreWidth)
}

/** A cell with a fraction in whole percent. */
function percent(fraction: number | undefined): string {
  return fraction === undefined ? unknown : formatPercent(fraction, 0)
}

function bytes(value: number | undefined): string {
  return value === undefined ? unknown : formatBytes(value)
}

/** The balloon's size of its maximum. */
function sizes({ actual, maximum }: DomainMemoryView): string {
  return actual === undefined || maximum === undefined ? bytes(actual) : formatBytesOf(actual, maximum)
}

/** For how long quotas held the vCPU back that they held back longest, from one percent on. */
function throttling(vcpus: DomainView['vcpus']): string {
  const longest = Math.max(0, ...vcpus.map(({ throttled = 0 }) => throttled))
  return longest >= 0.01 ? `throttled ${formatPercent(longest, 0)}` : ''
}

/** What of it is its owner's alone to change. */
function plugged({ virtioMem }: DomainMemoryView): string {
  return virtioMem ? `${formatBytes(virtioMem.current)} by virtio-mem` : ''
}

/** That there are no statistics is seen already where they are missing. */
function noteOn(hold: MemoryHold | undefined): string {
  return hold === undefined || hold === 'no statistics' ? '' : hold
}

/** The guests with the lowest score, among equals those that want the most; in the order of the View. */
function neediest(
  domains: readonly DomainView[],
  most: number,
  scoreOf: (domain: DomainView) => number,
): readonly DomainView[] {
  if (domains.length <= most) return domains
  const ranked = domains.map((domain) => {
    const score = scoreOf(domain)
    return {
      domain,
      // One that is not known comes after those that are.
      score: Number.isNaN(score) ? 101 : score,
      want: sumOfKnown(domain.vcpus.map((vcpu) => vcpu.demand)) ?? 0,
    }
  })
  ranked.sort((a, b) => a.score - b.score || b.want - a.want)
  const kept = new Set(ranked.slice(0, most).map(({ domain }) => domain))
  return domains.filter((domain) => kept.has(domain))
}

function sumOfKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? known.reduce((sum, value) => sum + value, 0) : undefined
}

function styles(colour: boolean) {
  const sequence = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  return { bold: sequence(1), dim: sequence(2), red: sequence(31) }
}
