import type { AgedReport } from '../bus/fleet-bus.ts'

/** What was seen of the agents of one host. */
export interface Instances {
  readonly current: string
  /** Those that another took the place of, newest first. */
  readonly former: readonly string[]
  /** When one of the former reported again; undefined: none did. */
  readonly backAt: number | undefined
  /** Two agents report under one UUID. */
  readonly isDuplicate: boolean
}

const remembered = 4
/** Milliseconds for which two hosts with one UUID are held after both were last seen. */
const held = 10 * 60_000

/**
 * An agent that starts anew draws another instance, and the one before never comes back. One that does is another host with
 * the same UUID: both write to the same place, in turn.
 */
export function sighted(
  before: ReadonlyMap<string, Instances>,
  reports: readonly AgedReport[],
  time: number,
): ReadonlyMap<string, Instances> {
  const next = new Map<string, Instances>()
  for (const { report } of reports) {
    const last = next.get(report.host) ?? before.get(report.host)
    const isTwice = next.has(report.host) && last!.current !== report.instance
    const isBack =
      last !== undefined && last.current !== report.instance && last.former.includes(report.instance)
    const backAt = isBack || isTwice ? time : last?.backAt
    const former =
      last === undefined || last.current === report.instance
        ? (last?.former ?? [])
        : [last.current, ...last.former.filter((one) => one !== report.instance)].slice(0, remembered)
    next.set(report.host, {
      current: report.instance,
      former,
      backAt,
      isDuplicate: backAt !== undefined && time - backAt < held,
    })
  }
  return next
}
