import { type Logger, pino, stdTimeFunctions } from 'pino'
import type { Tick } from '../control/tick.ts'
import { Narrator } from '../report/narrator.ts'
import { printableJson } from '../util/printable.ts'
import { type News, type World, writeLines } from './context.ts'
import { type LogOptions, logLevels } from './log-options.ts'

/** How a run tells what it does. */
export interface Telling {
  /** Tells one Tick: a line or a record for each decision. */
  tick(tick: Tick): void
  /** `World.log` while it runs. */
  readonly log: World['log']
}

/** Tells as `options` say: in lines for people, or as a JSON record for each of them with the same line in `msg`. */
export function telling(world: World, { log = 'text', logLevel = 'info' }: LogOptions): Telling {
  const narrator = new Narrator()
  if (log === 'json') return records(narrator, logger(world, logLevel))
  const least = logLevels.indexOf(logLevel)
  return {
    log: undefined,
    tick(tick) {
      const clock = new Date(tick.wallTime).toTimeString().slice(0, 8)
      const told = narrator.tell(tick).filter(({ level }) => logLevels.indexOf(level) >= least)
      writeLines(
        world,
        told.map(({ line }) => `${clock}  ${line}`),
      )
    },
  }
}

function records(narrator: Narrator, logger: Logger): Telling {
  return {
    log: ({ event, level, text }: News) => logger[level]({ event }, text),
    tick(tick) {
      for (const { event, level, line, fields } of narrator.tell(tick)) {
        logger[level]({ event, tick: tick.index, ...fields }, line)
      }
    },
  }
}

function logger(world: World, level: string): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // JSON leaves alone what turns the direction of writing, or ends a line for some.
    { write: (record) => writeLines(world, [printableJson(record.trimEnd())]) },
  )
}
