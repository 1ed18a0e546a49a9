import type { CaseResult } from '../../cases/case.ts'
import type { HostVm } from '../host-vm.ts'
import type { Product } from '../product.ts'

/** What a case on a whole host has at hand. */
export interface HostStage {
  /** Booted for this case alone. */
  readonly vm: HostVm
  readonly product: Product
  readonly log: (line: string) => void
}

/** A case on a whole host. */
export type HostCase = (stage: HostStage) => Promise<CaseResult>

/** The result of a case that found this to be wrong, with its figures. */
export function judged(
  name: string,
  broken: readonly string[],
  figures: Record<string, unknown>,
): CaseResult {
  return { case: name, passed: broken.length === 0, ...figures, broken }
}
