export { deviationPercent, isFullSample, type PcpuLoad, pcpuLoads } from '../view/cpu/pcpu-loads.ts'
export type { FiguresRecord } from './figures-record.ts'
export { type LogEvent, LogFormatter, type LogRecord } from './log-lines.ts'
export {
  type MetricsConfig,
  metricsContentType,
  type TickMetrics,
  tickMetrics,
} from './metrics/tick-metrics.ts'
export type { ReasonFigures, ReasonRecord } from './reason-record.ts'
export { type TableOptions, table } from './table.ts'
export type {
  ActionRecord,
  ErrorRecord,
  ExplanationRecord,
  KsmActionRecord,
  KsmRecord,
  ResultRecord,
  TickDecisions,
} from './tick-decisions.ts'
export {
  type DomainRecord,
  type ScoreRecord,
  type TickRecord,
  tickJson,
  tickRecord,
  type VcpuRecord,
} from './tick-json.ts'
