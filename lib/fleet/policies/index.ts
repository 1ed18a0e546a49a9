export { balance, type FleetBalanceOptions, type FleetBalanceState } from './balance.ts'
