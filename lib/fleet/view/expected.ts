import { smoothingTime } from './smoothing.ts'

/** Milliseconds of which the usual level is a mean: twice the time within which a move has to pay. */
export const usualTime = 1_200_000
/** Milliseconds of which the swing is a mean. */
const swingTime = 1_800_000
/** Swings up to which a figure may stray from its usual level and is as usual. */
const usualSwings = 2
/** What makes a level another one: the reports in a row out of the swing, and what they are out by in all, swings × milliseconds. */
const another = { reports: 3, excess: 200_000 } as const
/**
 * What is assumed of a swing while little was seen: that what changes is forgotten within `memory` milliseconds; and what that
 * counts for, in milliseconds of what is seen.
 */
const assumption = { memory: 100_000, weight: 300_000 } as const
/** Slack of sums. */
const nothing = 1e-9

/** What can be expected of a figure that goes up and down by itself, and what is remembered of it for that. */
export interface Expected {
  /** Its usual level, and what it differs from that lately by more than it does by itself. */
  readonly value: number
  /** How far it strays from its usual level by itself: root of the mean square. */
  readonly swing: number
  /** When it was last known, and first. */
  readonly time: number
  readonly began: number
  /** What it is lately: smoothed over a minute. */
  readonly recent: number
  /** Its mean, and since when. */
  readonly usual: number
  readonly usualSince: number
  /** Mean square of what it strayed by, and what changes from report to report let expect that to be. */
  readonly strays: number
  readonly assumed: number
  /** The last report, and the last change of one. */
  readonly last: number
  readonly change: number
  /** Undefined: it is within its swing. */
  readonly excursion: Excursion | undefined
}

/** Reports in a row on one side of a level, out of its swing. */
interface Excursion {
  readonly side: number
  readonly since: number
  readonly reports: number
  readonly mean: number
  /** Sums over time: of what it was out of the swing by, and of the squares of what it strayed by. */
  readonly excess: number
  readonly squares: number
}

/**
 * What can be expected after one more report. A move has to pay within ten minutes, in which what goes up and down by chance
 * comes back to its mean. So what is within the usual swing is left out, and only what stands out of it counts (soft
 * thresholding: Donoho, 1995). An excursion that lasts is no swing: the level is what was seen since it began (CUSUM: Page,
 * 1954). A figure that was steady counts as it is lately. A figure that is not known keeps what was expected.
 */
export function expected(
  before: Expected | undefined,
  seen: number | undefined,
  time: number,
): Expected | undefined {
  if (seen === undefined || !Number.isFinite(seen)) return before
  if (before === undefined) return first(seen, time)
  const passed = time - before.time
  if (passed <= 0) return before
  const { began, usualSince } = before
  const change = seen - before.last
  const age = time - began
  const assumedNow = assumedOf(before.change, change, passed)
  const assumed = before.assumed + gain(passed, age, swingTime) * (assumedNow - before.assumed)
  // A level that is new is what the figure is lately, until there is a minute to take a mean of.
  const keep = Math.exp(-passed / smoothingTime)
  const recent = keep * before.recent + (1 - keep) * seen
  const part = Math.min(1 - keep, gain(passed, time - usualSince, usualTime))
  const usual = before.usual + part * (seen - before.usual)
  const strayed = recent - usual
  const known = swingOf(before.strays, assumed, age)
  const excursion = excursionAt(before, seen, strayed, usualSwings * known, time)
  if (!excursion) {
    const strays = straysAfter(before, strayed, passed, age)
    return concluded(time, began, recent, usual, usualSince, strays, assumed, seen, change, undefined)
  }
  if (!isAnotherLevel(excursion, known))
    return concluded(time, began, recent, usual, usualSince, before.strays, assumed, seen, change, excursion)
  const { mean, since, squares } = excursion
  const strays =
    before.strays + (1 - Math.exp(-(time - since) / swingTime)) * (squares / (time - since) - before.strays)
  return concluded(time, began, mean, mean, since, strays, assumed, seen, change, undefined)
}

function first(seen: number, time: number): Expected {
  return concluded(time, time, seen, seen, time, 0, 0, seen, 0, undefined)
}

/** By position, and all at once: thousands are made in a round. */
function concluded(
  time: number,
  began: number,
  recent: number,
  usual: number,
  usualSince: number,
  strays: number,
  assumed: number,
  last: number,
  change: number,
  excursion: Excursion | undefined,
): Expected {
  const swing = swingOf(strays, assumed, time - began)
  const strayed = recent - usual
  const value = usual + Math.sign(strayed) * Math.max(0, Math.abs(strayed) - usualSwings * swing)
  return { value, swing, time, began, recent, usual, usualSince, strays, assumed, last, change, excursion }
}

/** The part that a report counts for: in a mean of all of them while there are few, in one over `over` milliseconds then. */
function gain(passed: number, age: number, over: number): number {
  return Math.max(1 - Math.exp(-passed / over), passed / (age + passed))
}

/**
 * The variance that two changes in a row let expect, if what changes is forgotten within a time. Their product
 * leaves out single steps: bipower variation, Barndorff-Nielsen and Shephard, 2004.
 */
function assumedOf(before: number, change: number, passed: number): number {
  const square = (Math.PI / 2) * Math.abs(before * change)
  return square / (2 * (1 - Math.exp(-passed / assumption.memory)))
}

function swingOf(strays: number, assumed: number, age: number): number {
  const seen = Math.min(age, swingTime)
  return Math.sqrt((strays * seen + assumed * assumption.weight) / (seen + assumption.weight))
}

/** The excursion that a report begins or goes on with; undefined: it is within the swing, or on the other side. */
function excursionAt(
  { excursion: before, usual, time: last }: Expected,
  seen: number,
  strayed: number,
  limit: number,
  time: number,
): Excursion | undefined {
  const side = Math.sign(strayed)
  const out = Math.abs(strayed) - limit
  // Smoothed, a single report is felt for a minute: what was seen last has to be out of it too.
  if (out <= nothing || side * (seen - usual) - limit <= nothing) return undefined
  const { since, reports, mean, excess, squares } =
    before?.side === side ? before : { since: last, reports: 0, mean: 0, excess: 0, squares: 0 }
  return {
    side,
    since,
    reports: reports + 1,
    mean: mean + (seen - mean) / (reports + 1),
    excess: excess + out * (time - last),
    squares: squares + strayed * strayed * (time - last),
  }
}

function isAnotherLevel({ reports, excess }: Excursion, swing: number): boolean {
  return reports >= another.reports && excess >= another.excess * swing
}

/** The mean square of what it strays by, with an excursion that it came back from. */
function straysAfter(
  { strays, excursion, time }: Expected,
  strayed: number,
  passed: number,
  age: number,
): number {
  const span = excursion ? time + passed - excursion.since : passed
  const square = (strayed * strayed * passed + (excursion?.squares ?? 0)) / span
  const part = Math.max(1 - Math.exp(-span / swingTime), span / (age + passed))
  return strays + Math.min(1, part) * (square - strays)
}
