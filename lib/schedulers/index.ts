export { type BalanceOptions, type BalanceState, balance } from './balance.ts'
export { type LptOptions, lpt } from './lpt.ts'
export { type OneMoveOptions, oneMove } from './oneMove.ts'
export { roundRobin } from './roundRobin.ts'
