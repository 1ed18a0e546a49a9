import type { Logger } from 'pino'
import type { Tick } from '../control/tick.ts'
import { LogFormatter } from '../report/log-lines.ts'
import { printableJson } from '../util/printable.ts'
import { type CliContext, type Notice, writeLines } from './context.ts'

/** Formats of the log: lines for people, or a JSON record for each. */
export const logFormats = ['text', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

/** Levels of log records, ascending. */
export const logLevels = ['info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** How a run logs what it does. */
export interface LogOptions {
  readonly log?: LogFormat | undefined
  readonly logLevel?: LogLevel | undefined
}

/** The log of a run. */
export interface RunLogger {
  /** Logs one Tick: a line or a record for each decision. */
  tick(tick: Tick): void
  /** `CliContext.log` while it runs. */
  readonly log: CliContext['log']
}

/** A log in lines for people, or as a JSON record for each with the same line in `msg`. */
export async function createLogger(
  context: CliContext,
  { log = 'text', logLevel = 'info' }: LogOptions,
): Promise<RunLogger> {
  const formatter = new LogFormatter()
  if (log === 'json') return jsonLogger(formatter, await pinoLogger(context, logLevel))
  const least = logLevels.indexOf(logLevel)
  return {
    log: undefined,
    tick(tick) {
      const clock = new Date(tick.wallTime).toTimeString().slice(0, 8)
      const records = formatter.records(tick).filter(({ level }) => logLevels.indexOf(level) >= least)
      writeLines(
        context,
        records.map(({ line }) => `${clock}  ${line}`),
      )
    },
  }
}

function jsonLogger(formatter: LogFormatter, logger: Logger): RunLogger {
  return {
    log: ({ event, level, text }: Notice) => logger[level]({ event }, text),
    tick(tick) {
      for (const { event, level, line, fields } of formatter.records(tick)) {
        logger[level]({ event, tick: tick.index, ...fields }, line)
      }
    },
  }
}

async function pinoLogger(context: CliContext, level: string): Promise<Logger> {
  // Loaded where it is asked for: it takes 7 MiB.
  const { pino, stdTimeFunctions } = await import('pino')
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // JSON leaves alone what turns the direction of writing, or ends a line for some.
    { write: (record) => writeLines(context, [printableJson(record.trimEnd())]) },
  )
}
