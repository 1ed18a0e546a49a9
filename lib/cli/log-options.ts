import { Option } from 'commander'

/** How a run tells what it does: in lines for people, or as a JSON record for each. */
export const logFormats = ['text', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

/** What a run tells at least: all; only what was held back, left alone or went wrong; only what went wrong. */
export const logLevels = ['info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Options of how a run tells what it does. */
export interface LogOptions {
  readonly log?: LogFormat
  readonly logLevel?: LogLevel
}

/** `--log <format>` */
export function logOption(): Option {
  return new Option('--log <format>', 'how to tell what is done: lines, or a record for each (default: text)')
    .choices(logFormats)
    .conflicts('json')
}

/** `--log-level <level>` */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', 'tell only this and worse (default: info)').choices(logLevels)
}
