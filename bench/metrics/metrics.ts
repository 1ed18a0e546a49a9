import { kill } from 'node:process'
import { Lab } from '../../test/lab/lab.ts'
import { addPaused } from '../crowd.ts'
import type { Spread } from '../spread.ts'
import { takeTurns } from '../turns.ts'
import { guestsIn, scrape } from './scrape.ts'
import { patience, type Server, shows, startBallast, startExporter } from './servers.ts'

/** Paused guests of each round. */
const rounds = [50, 200]
/** The most that a scrape may take, as a part of what one of the exporter takes. */
export const scrapeLimit = 0.05
/** Milliseconds after which a scrape counts as not answered: Prometheus waits for 10 s by default. */
const stuckLimit = 30_000

/** What a server does while the QEMU of a guest is stopped. */
export interface Stuck {
  /** Milliseconds; null: no answer within the limit. */
  readonly ms: number | null
  /** Guests in the answer. */
  readonly guests: number
}

export interface MetricsRound {
  readonly guests: number
  readonly passed: boolean
  /** Milliseconds of a scrape. */
  readonly ballast: Spread
  readonly exporter: Spread
  /** Of the medians. */
  readonly ratio: number
}

export interface MetricsFigures {
  readonly bench: 'metrics'
  readonly passed: boolean
  readonly turns: number
  readonly ratioLimit: number
  readonly rounds: readonly MetricsRound[]
  /** With one QEMU of the last round stopped. */
  readonly stuck: { readonly limit: number; readonly ballast: Stuck; readonly exporter: Stuck }
}

export interface MetricsOptions {
  /** Ends the run early; the lab is taken away all the same. */
  readonly signal: AbortSignal
  readonly turns: number
  readonly log: (line: string) => void
}

/** Measures a scrape of `ballast run --metrics` beside Debian's exporter, on the same paused guests of a lab of its own. */
export async function measureMetrics({ signal, turns, log }: MetricsOptions): Promise<MetricsFigures> {
  await using lab = await Lab.up({ log })
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
  signal.throwIfAborted()
  return await Promise.race([measureOn(lab, turns, log), stopped])
}

async function measureOn(lab: Lab, turns: number, log: (line: string) => void): Promise<MetricsFigures> {
  const measured: MetricsRound[] = []
  let there = 0
  for (const guests of rounds) {
    await addPaused(lab, guests - there, (made) => log(`${there + made} of ${guests} paused guests`))
    there = guests
    await using ballast = await startBallast(lab.uri)
    await using exporter = await startExporter(lab.uri)
    await shows(ballast, guests)
    await shows(exporter, guests)
    const pass = ({ port }: Server) => {
      return async () => {
        const answer = await scrape(port, patience)
        if (!answer) throw new Error(`no answer within ${patience / 1_000} s`)
        return answer.ms
      }
    }
    const passes = { ballast: pass(ballast), exporter: pass(exporter) }
    const ms = await takeTurns(passes, turns, (turn) => log(`${guests} guests: turn ${turn} of ${turns}`))
    const ratio = ms.ballast.median / ms.exporter.median
    measured.push({ guests, passed: ratio <= scrapeLimit, ...ms, ratio })
    if (guests === rounds.at(-1)) {
      const stuck = { limit: stuckLimit, ...(await whileStuck(lab, ballast, exporter, log)) }
      const passed = measured.every((round) => round.passed) && stuck.ballast.guests === guests
      return { bench: 'metrics', passed, turns, ratioLimit: scrapeLimit, rounds: measured, stuck }
    }
  }
  throw new Error('no round')
}

/** One scrape of each while a QEMU is stopped, long enough after it that Ballast has met it. */
async function whileStuck(lab: Lab, ballast: Server, exporter: Server, log: (line: string) => void) {
  const guest = await lab.guest('paused1')
  log(`stopping the QEMU of ${guest.name}`)
  kill(guest.pid, 'SIGSTOP')
  try {
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const ask = async ({ port }: Server): Promise<Stuck> => {
      const answer = await scrape(port, stuckLimit)
      return { ms: answer?.ms ?? null, guests: answer ? guestsIn(answer).size : 0 }
    }
    return { ballast: await ask(ballast), exporter: await ask(exporter) }
  } finally {
    kill(guest.pid, 'SIGCONT')
  }
}
