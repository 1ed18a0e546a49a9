import { ownContests } from './contests-own.ts'
import { reportedContests } from './contests-reported.ts'

export const fleetContests = [...reportedContests, ...ownContests]
