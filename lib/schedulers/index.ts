export { type BalanceOptions, type BalanceState, balance } from './balance.ts'
export { roundRobin } from './roundRobin.ts'
