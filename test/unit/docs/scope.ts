import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ballast from '../../../lib/index.ts'

/**
 * What the snippets of README and docs find around them: the package, with every host simulated and every loop two ticks
 * long, and the names that a page speaks of without declaring them.
 */
export * from '../../../lib/index.ts'

export const connect: typeof ballast.connect = async () => ballast.simulate(ballast.scenarios.A1())

export const autopilot: typeof ballast.autopilot = (host, options) =>
  ballast.autopilot(host, { ...options, ticks: options.ticks ?? 2 })

export const { cooldown, during, except, fallback, limitMoves, only } = ballast.combinators
export const host = ballast.simulate({ ...ballast.scenarios.A1(), pcpus: 16, memory: 16 * ballast.GiB })
export const policy = ballast.schedulers.balance()
export const other = ballast.schedulers.pack()
export const which = 'web*'
export const moves = 2
export const milliseconds = 60_000
export const path = '/nonexistent/journal'
export const directory = mkdtempSync(join(tmpdir(), 'ballast-snippets-'))
process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
export const uri = 'test:///default'
export const startGuest = async (): Promise<void> => {}
