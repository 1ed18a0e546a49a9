/**
 * How much of the pCPUs a running domain's threads may use, by CFS bandwidth control, in pCPUs: 0.25 is a quarter of the
 * time of one, 2 all the time of two. Undefined: no quota.
 */
export interface CpuQuota {
  /** Each of its vCPUs (`vcpu_quota` of `vcpu_period`). */
  readonly vcpu: number | undefined
  /** All its threads together (`global_quota` of `global_period`). */
  readonly global: number | undefined
  /** Its emulator threads together (`emulator_quota` of `emulator_period`). */
  readonly emulator: number | undefined
}

/** A domain without any quota. */
export const noQuota: CpuQuota = { vcpu: undefined, global: undefined, emulator: undefined }
