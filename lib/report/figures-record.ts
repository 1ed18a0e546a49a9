import type { CpuFigures, Figures, MemoryFigures } from '../control/results/figures.ts'
import { type Known, known } from './known-fields.ts'

/** Figures around a change, as far as they are known: of the kind that the change is of. */
export interface FiguresRecord {
  /** Fractions of a pCPU or of the time, to a ten-thousandth. */
  readonly cpu?: Known<CpuFigures>
  /** Whole bytes, and events per second. */
  readonly memory?: Known<MemoryFigures>
}

export function figuresRecord({ cpu, memory }: Figures): FiguresRecord {
  return known({ cpu: cpu && known(rounded(cpu, 10_000)), memory: memory && known(rounded(memory, 1)) })
}

function rounded<F extends CpuFigures | MemoryFigures>(figures: F, steps: number): F {
  // Plus zero: JSON has no -0.
  const entries = Object.entries(figures).map(([name, value]) => [
    name,
    Math.round(value * steps) / steps + 0,
  ])
  return Object.fromEntries(entries) as F
}
