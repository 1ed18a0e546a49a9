/** How fast the host's kernel looks for equal pages (KSM). */
export interface KsmRate {
  /** Pages that it looks at before each pause; 0: it rests, and what is merged stays merged. */
  readonly pagesToScan: number
  /** Milliseconds that it pauses. */
  readonly sleep: number
}

/** Kernel same-page merging (KSM): equal pages of guests are kept once. */
export interface Ksm extends KsmRate {
  /** Whether it is switched on (`/sys/kernel/mm/ksm/run`), which libvirt cannot do; undefined: not told, as from afar. */
  readonly running: boolean | undefined
  /** Bytes that would be in use without it and are not. */
  readonly saved: number
}
