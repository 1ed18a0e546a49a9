export { deviationPercent, isFullSample, type PcpuLoad, pcpuLoads } from '../view/cpu/pcpu-loads.ts'
export { classicCpuLines, classicMemoryLines } from './classic.ts'
export { Narrator } from './narrator.ts'
export type { PlotOptions } from './plot.ts'
export { plotLoads } from './plot-loads.ts'
export { plotMemory } from './plot-memory.ts'
export { plotPlacement } from './plot-placement.ts'
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
export * from './verdict.ts'
