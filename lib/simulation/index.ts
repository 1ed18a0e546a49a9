export { type SimulatedHost, simulate } from './host.ts'
export type { Toll } from './memory-stall.ts'
export type {
  Change,
  DomainChange,
  DomainScenario,
  HostChange,
  HostShape,
  Load,
  MemoryScenario,
  Program,
  QuotaScenario,
  Scenario,
  VcpuScenario,
} from './scenario.ts'
export * as scenarios from './scenarios.ts'
export type { HostToll, Truth } from './truth.ts'
