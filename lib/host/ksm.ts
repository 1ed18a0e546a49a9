/** How fast the host's kernel scans for equal pages (KSM). */
export interface KsmRate {
  /** Pages that it scans before each pause; 0: it does not scan, and what is merged stays merged. */
  readonly pagesToScan: number
  /** Milliseconds that it pauses. */
  readonly sleep: number
}

/** Kernel same-page merging (KSM): equal pages of guests are kept once. */
export interface Ksm extends KsmRate {
  /** Whether it is switched on (`/sys/kernel/mm/ksm/run`), which libvirt cannot do; undefined: unknown, as on a remote host. */
  readonly running: boolean | undefined
  /** Bytes that would be in use without it and are not. */
  readonly saved: number
}
