import { type AgentsFigures, measureAgents } from './agents.ts'
import { type FleetPlanFigures, measureFleetPlans } from './plan.ts'

/** What is measured of fleets. */
export const fleetParts = ['plan', 'agents'] as const
export type FleetPart = (typeof fleetParts)[number]

export interface FleetBenchFigures {
  readonly bench: 'fleet'
  readonly passed: boolean
  /** Undefined: that part was not asked for. */
  readonly plan: FleetPlanFigures | undefined
  readonly agents: AgentsFigures | undefined
}

/** What it costs to plan for a fleet, and to hear from all of its hosts. */
export async function measureFleet(
  turns: number,
  parts: readonly FleetPart[],
  log: (line: string) => void,
): Promise<FleetBenchFigures> {
  const plan = parts.includes('plan') ? await measureFleetPlans(turns, log) : undefined
  const agents = parts.includes('agents') ? await measureAgents(log) : undefined
  return { bench: 'fleet', passed: (plan?.passed ?? true) && (agents?.passed ?? true), plan, agents }
}
