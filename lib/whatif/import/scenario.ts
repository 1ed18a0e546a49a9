import { BallastError } from '../../host/errors.ts'
import { programThatUses } from '../../simulation/guest-kernel.ts'
import type { Change, DomainScenario, Program, Scenario } from '../../simulation/scenario.ts'
import { GiB, KiB, MiB } from '../../util/units.ts'
import type { FittedLoad } from '../load.ts'
import { loadThatWants } from '../scenario-load.ts'
import { piece, piecesOf } from './between.ts'
import type { Reading, Trace, TraceLimits } from './trace.ts'

/** What a trace does not say. */
export interface ImportOptions extends TraceLimits {
  readonly seed: number
  /** Milliseconds from tick to tick. */
  readonly interval: number
  /** Of guests of which nothing else is known. */
  readonly vcpus: number
  /** Bytes. */
  readonly size: number
  /**
   * The host that they are on. Undefined: as many as the guests keep busy for 60 % on average; and as much as all
   * guests have, and a tenth more.
   */
  readonly pcpus?: number | undefined
  /** Bytes. */
  readonly memory?: number | undefined
}

/** How busy a host is on average that nothing is known of. */
const usualLoad = 0.6
/** Seconds between two readings where there is only one of each guest. */
const usualStep = 300
/** What a demand may be off from one piece to the next and need no other load. */
const alike = 0.005

interface Guest {
  readonly name: string
  readonly readings: Reading[]
  vcpus: number
  size: number
}

/** The scenario of a trace. Rejects with `ERR_SCENARIO` when there is no reading in it. */
export async function scenarioOfTrace(trace: Trace, options: ImportOptions): Promise<FittedLoad> {
  const guests = await guestsOf(trace, options)
  const all = [...guests.values()]
  const times = [...new Set(all.flatMap(({ readings }) => readings.map(({ time }) => time)))].sort(
    (a, b) => a - b,
  )
  const [begin] = times
  if (begin === undefined) throw new BallastError('ERR_SCENARIO', 'There is no reading in the trace')
  const step = stepOf(all)
  const lead = options.interval
  const at = (time: number) => lead + 1_000 * (time - begin)
  const end = at(times.at(-1)! + step)
  const domains = all.map((guest) => domainOf(guest, begin, options.seed, step))
  const changes = all.flatMap((guest) => changesOf(guest, { at, end, begin, step, seed: options.seed }))
  const wanted = all.reduce((sum, { readings, vcpus }) => {
    return sum + (vcpus * readings.reduce((total, { cpu }) => total + Math.min(1, cpu), 0)) / readings.length
  }, 0)
  const sizes = all.reduce((sum, { size }) => sum + size, 0)
  const pcpus = options.pcpus ?? Math.max(2, Math.ceil(wanted / usualLoad))
  const memory = Math.ceil((options.memory ?? Math.max(2 * GiB, 1.1 * sizes)) / MiB) * MiB
  const scenario: Scenario = { seed: options.seed, pcpus, memory, domains, changes }
  const silent = all.filter(({ readings }) => readings.every(({ memory }) => memory === undefined))
  return {
    scenario,
    lead,
    interval: options.interval,
    ticks: Math.max(3, Math.floor((end - lead) / options.interval)),
    hostMemory: memory,
    notes: [
      `a trace of readings each ${step} s: what is between them is made up, by the rule in docs/whatif.md`,
      ...(silent.length > 0
        ? [
            `the trace has no use of memory of ${silent.length} of ${all.length} guests: they use half of theirs`,
          ]
        : []),
    ],
  }
}

async function guestsOf(trace: Trace, { guests: most, seconds, vcpus, size }: ImportOptions) {
  const guests = new Map<string, Guest>()
  let begin: number | undefined
  for await (const reading of trace) {
    begin = Math.min(begin ?? reading.time, reading.time)
    if (reading.time >= begin + seconds) continue
    let guest = guests.get(reading.guest)
    if (!guest) {
      if (guests.size === most) continue
      guest = { name: reading.guest, readings: [], vcpus: 0, size: 0 }
      guests.set(reading.guest, guest)
    }
    guest.readings.push(reading)
    guest.vcpus = Math.max(guest.vcpus, Math.round(reading.vcpus ?? 0))
    guest.size = Math.max(guest.size, reading.size ?? 0)
  }
  for (const guest of guests.values()) {
    guest.vcpus ||= vcpus
    guest.size ||= size
    guest.readings.sort((a, b) => a.time - b.time)
  }
  return guests
}

/** Seconds from reading to reading: the usual ones. */
function stepOf(guests: readonly Guest[]): number {
  const steps = guests.flatMap(({ readings }) =>
    readings.slice(1).map(({ time }, index) => time - readings[index]!.time),
  )
  const sorted = steps.filter((step) => step > 0).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? usualStep
}

function domainOf(
  { name, readings, vcpus, size }: Guest,
  begin: number,
  seed: number,
  step: number,
): DomainScenario {
  const [first] = readings
  const [part] = piecesOf(first!, piecesIn(step), seed)
  const maximum = Math.ceil(size / KiB) * KiB
  return {
    name,
    ...(first!.time > begin && { running: false }),
    vcpus: Array.from({ length: vcpus }, () => ({ load: loadThatWants(part!, 1) })),
    memory: { maximum, program: { size: programOf(first!, maximum) }, swap: 'disk' },
  }
}

function piecesIn(step: number): number {
  return Math.max(1, Math.round((1_000 * step) / piece))
}

/** What the program of a guest holds; where the trace does not say, it uses half of what it has. */
function programOf({ memory }: Reading, maximum: number): number {
  return programThatUses(Math.min(memory ?? maximum / 2, maximum), maximum)
}

interface Span {
  readonly at: (time: number) => number
  readonly end: number
  readonly begin: number
  readonly step: number
  readonly seed: number
}

function changesOf({ name: domain, readings, size }: Guest, { at, end, begin, step, seed }: Span): Change[] {
  const maximum = Math.ceil(size / KiB) * KiB
  const changes: Change[] = []
  const count = piecesIn(step)
  let [wants = Number.NaN] = piecesOf(readings[0]!, count, seed)
  let holds = programOf(readings[0]!, maximum)
  for (const [index, reading] of readings.entries()) {
    const from = at(reading.time)
    if (index === 0 && reading.time > begin) changes.push({ at: from, domain, kind: 'arrive' })
    for (const [number, part] of piecesOf(reading, count, seed).entries()) {
      if (Math.abs(part - wants) < alike) continue
      wants = part
      const time = from + (number * 1_000 * step) / count
      changes.push({ at: time, domain, kind: 'load', load: loadThatWants(part, 1) })
    }
    const next = programOf(reading, maximum)
    if (Math.abs(next - holds) < MiB) continue
    const program: Program = { size: next, rate: Math.max(MiB, (next - holds) / step) }
    changes.push({ at: from, domain, kind: 'program', program })
    holds = next
  }
  const gone = at(readings.at(-1)!.time + step)
  if (gone < end - 1) changes.push({ at: gone, domain, kind: 'leave' })
  return changes
}
