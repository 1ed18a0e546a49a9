export { deviationPercent, isFullSample, type PcpuLoad, pcpuLoads } from '../view/cpu/pcpu-loads.ts'
export { Narrator } from './narrator.ts'
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
export type { Told, ToldEvent } from './told.ts'
