export { deviationPercent, isFullSample, type PcpuLoad, pcpuLoads } from '../view/cpu/pcpu-loads.ts'
export { LogFormatter as Narrator } from './log-lines.ts'
export { type TableOptions, table } from './table.ts'
export {
  type ActionRecord,
  type DomainRecord,
  type ErrorRecord,
  type TickRecord,
  tickJson,
  tickRecord,
  type VcpuRecord,
} from './tick-json.ts'
export type { LogEvent as ToldEvent, LogRecord as Told } from './told.ts'
