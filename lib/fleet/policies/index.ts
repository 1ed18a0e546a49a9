export { balance, type FleetBalanceOptions, type FleetBalanceState } from './balance.ts'
export { type FleetPackOptions, type FleetPackState, pack } from './pack.ts'
export { type FleetUsageOptions, usage } from './usage.ts'
