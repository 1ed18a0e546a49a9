import { type Logger, pino, stdTimeFunctions } from 'pino'
import type { Tick } from '../control/tick.ts'
import { LogFormatter } from '../report/log-lines.ts'
import { printableJson } from '../util/printable.ts'
import { type CliContext, type Notice, writeLines } from './context.ts'
import { type LogOptions, logLevels } from './log-options.ts'

/** How a run tells what it does. */
export interface RunLogger {
  /** Tells one Tick: a line or a record for each decision. */
  tick(tick: Tick): void
  /** `CliContext.log` while it runs. */
  readonly log: CliContext['log']
}

/** Tells as `options` say: in lines for people, or as a JSON record for each of them with the same line in `msg`. */
export function createLogger(world: CliContext, { log = 'text', logLevel = 'info' }: LogOptions): RunLogger {
  const narrator = new LogFormatter()
  if (log === 'json') return records(narrator, logger(world, logLevel))
  const least = logLevels.indexOf(logLevel)
  return {
    log: undefined,
    tick(tick) {
      const clock = new Date(tick.wallTime).toTimeString().slice(0, 8)
      const told = narrator.records(tick).filter(({ level }) => logLevels.indexOf(level) >= least)
      writeLines(
        world,
        told.map(({ line }) => `${clock}  ${line}`),
      )
    },
  }
}

function records(narrator: LogFormatter, logger: Logger): RunLogger {
  return {
    log: ({ event, level, text }: Notice) => logger[level]({ event }, text),
    tick(tick) {
      for (const { event, level, line, fields } of narrator.records(tick)) {
        logger[level]({ event, tick: tick.index, ...fields }, line)
      }
    },
  }
}

function logger(world: CliContext, level: string): Logger {
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
