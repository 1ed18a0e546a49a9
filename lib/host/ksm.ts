/** How fast the host's kernel scans for equal pages (KSM). */
export interface KsmRate {
  /** Pages scanned before each pause; 0: nothing is scanned, and merged pages stay merged. */
  readonly pagesToScan: number
  /** Milliseconds of each pause. */
  readonly sleep: number
}

/** What can be set of kernel same-page merging. */
export interface KsmSettings extends KsmRate {
  /** Whether it scans at all (`/sys/kernel/mm/ksm/run`). Undefined: as it is. Merged pages stay merged when it stops. */
  readonly running?: boolean | undefined
}

/** Kernel same-page merging (KSM): equal pages of guests are kept once. */
export interface Ksm extends KsmRate {
  /** Whether it is switched on; undefined: unknown, as on a remote host. */
  readonly running: boolean | undefined
  /** Whether Ballast can switch it on and off: a local host with the right to write to `/sys/kernel/mm/ksm`. */
  readonly canSwitch: boolean
  /** The kernel's advisor that sets `pagesToScan`, such as `scan-time` (Linux 6.8 and later); undefined: none. */
  readonly advisor: string | undefined
  /** Bytes that would be in use without it and are not. */
  readonly saved: number
}

/** Whether two settings are the same, as far as both are known; where an advisor sets the pace, only whether it runs counts. */
export function isSameKsm(a: KsmSettings, b: KsmSettings, advisor?: string | undefined): boolean {
  if (a.running !== undefined && b.running !== undefined && a.running !== b.running) return false
  return advisor !== undefined || (a.pagesToScan === b.pagesToScan && a.sleep === b.sleep)
}
