/**
 * The stable codes of every error that Ballast makes. Codes are part of the API: a script may
 * compare against them, and they change only with a major version. Messages may change at any time.
 */
export type ErrorCode =
  | 'ERR_ADDON_MISSING' // the native addon, or the libvirt library that it links, is not there
  | 'ERR_ALREADY_CLOSED' // the host was closed before the call
  | 'ERR_CONNECTION_FAILED' // no daemon, unknown URI, no way in
  | 'ERR_CONNECTION_LOST' // the daemon went away while we were connected
  | 'ERR_DISCONNECTED' // the same, and it is tried to connect anew: see `reconnecting`
  | 'ERR_PERMISSION_DENIED' // the daemon, or the read-only connection, does not allow it
  | 'ERR_NO_DOMAIN' // the domain is gone
  | 'ERR_DOMAIN_NOT_RUNNING' // it is defined but does not run
  | 'ERR_DOMAIN_BUSY' // another job holds the domain, or its QEMU does not answer
  | 'ERR_TIMEOUT' // the call did not return within its deadline; its outcome is unknown
  | 'ERR_NOT_SUPPORTED' // this host, driver or libvirt cannot do it
  | 'ERR_NO_PCPU' // the host's capabilities have no pCPU that could be used
  | 'ERR_INVALID_ARGUMENT' // the host cannot carry out what was asked, as it was asked
  | 'ERR_PCPU_UNUSABLE' // a pin was refused: its pCPUs are offline, or outside of the domain's cpuset
  | 'ERR_LIBVIRT' // anything else that libvirt reports; see `libvirtCode`
  | 'ERR_POLICY' // a policy threw, or returned something that is no plan
  | 'ERR_LATE' // the loop fell behind: what was planned was about a host of before, and was not done
  | 'ERR_INSUFFICIENT_MEMORY' // the host's memory that was to be reserved is not there, or cannot be
  | 'ERR_JOURNAL' // the journal cannot be read or written, or is not safe from others
  | 'ERR_RECORDING' // a recording cannot be read, or is of a newer version
  | 'ERR_SCENARIO' // a scenario or a trace cannot be read; the message says where
  | 'ERR_LISTEN' // the address that metrics or the page are to be served at cannot be listened on
  | 'ERR_LOCKED' // another controller works on this host
  | 'ERR_MIGRATION' // a migration failed: the guest runs where it ran
  | 'ERR_MIGRATION_ABORTED' // the same, because it was ended: by its deadline, or by who asked for it
  | 'ERR_MIGRATION_UNKNOWN' // the connection was lost on the way: where the guest runs has to be looked up on both hosts
  | 'ERR_FLEET_BUS' // what the agents of a fleet share cannot be reached, or refused the call
  | 'ERR_ORDER_REFUSED' // a host did not begin what a leader of its fleet asked for
  | 'ERR_FLEET_JETSTREAM' // NATS runs without JetStream
  | 'ERR_FLEET_PERMISSION' // NATS does not know this program, or does not let it do what it was to do
  | 'ERR_FLEET_DUPLICATE' // another agent reports for the same host
  | 'ERR_FLEET_VERSION' // what is kept in NATS is of a newer version, or of another program

/** Base of all errors that Ballast throws, except `TypeError` for a caller's wrong option. */
export class BallastError extends Error {
  /** Stable string; compare against this, never against the message. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'BallastError'
    this.code = code
  }
}

/** What libvirt said, as it said it. */
export interface LibvirtErrorDetails {
  /** `virErrorNumber`, for instance 42 (`VIR_ERR_NO_DOMAIN`). */
  readonly libvirtCode: number
  /** `virErrorDomain`: the part of libvirt that reports, for instance 10 (`VIR_FROM_QEMU`). */
  readonly libvirtDomain: number
  /** `virErrorLevel`: 1 warning, 2 error. */
  readonly level: number
  /** The libvirt call that failed, for instance `virDomainPinVcpu`. */
  readonly call: string
  /** Name of the domain it was about, where there is one. */
  readonly domainName?: string | undefined
}

/** An error that libvirt reported, with its own code, domain, level and message, the call and the domain's name. */
export class LibvirtError extends BallastError implements LibvirtErrorDetails {
  readonly libvirtCode: number
  readonly libvirtDomain: number
  readonly level: number
  readonly call: string
  readonly domainName: string | undefined

  constructor(code: ErrorCode, message: string, details: LibvirtErrorDetails) {
    super(code, message)
    this.name = 'LibvirtError'
    this.libvirtCode = details.libvirtCode
    this.libvirtDomain = details.libvirtDomain
    this.level = details.level
    this.call = details.call
    this.domainName = details.domainName
  }
}

/** What {@link wrongOption} makes. */
export interface WrongOption extends TypeError {
  readonly code: 'ERR_INVALID_ARGUMENT'
  readonly option: string
  readonly expected: string
}

/**
 * The `TypeError` for a wrong option: names the option, what was expected and what came.
 *
 * @example `throw wrongOption('interval', 'a number of milliseconds above 0', 'abc')`
 */
export function wrongOption(option: string, expected: string, got: unknown): WrongOption {
  const shown = typeof got === 'string' ? JSON.stringify(got) : String(got)
  const error = new TypeError(`Expected \`${option}\` to be ${expected}, got ${shown} (${typeof got})`)
  return Object.assign(error, { code: 'ERR_INVALID_ARGUMENT' as const, option, expected })
}

/** Whether something was made by {@link wrongOption}. */
export function isWrongOption(error: unknown): error is WrongOption {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_ARGUMENT'
}

/**
 * What a Host rejected with, as a `BallastError`. A Host promises nothing else; whatever one throws in spite
 * of it is kept as the cause.
 */
export function asBallastError(error: unknown): BallastError {
  if (error instanceof BallastError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new BallastError('ERR_INVALID_ARGUMENT', message, { cause: error })
}

const openOutcome: ReadonlySet<ErrorCode> = new Set(['ERR_TIMEOUT', 'ERR_DISCONNECTED'])

/** Whether the outcome of a call that failed so is unknown: it may have been carried out, or may still be. */
export function isOutcomeOpen(error: BallastError): boolean {
  return openOutcome.has(error.code)
}

const refusals: ReadonlySet<ErrorCode> = new Set([
  'ERR_INVALID_ARGUMENT',
  'ERR_NOT_SUPPORTED',
  'ERR_PERMISSION_DENIED',
])

/** Whether a call that failed so has certainly changed nothing, and will not. */
export function isRefusal(error: BallastError): boolean {
  return refusals.has(error.code)
}

const transient: ReadonlySet<ErrorCode> = new Set(['ERR_TIMEOUT', 'ERR_DOMAIN_BUSY', 'ERR_DISCONNECTED'])

/** Whether the domain was only busy or out of reach: the same call may succeed when it is made again. */
export function isTransient(error: BallastError): boolean {
  return transient.has(error.code)
}

const gone: ReadonlySet<ErrorCode> = new Set(['ERR_NO_DOMAIN', 'ERR_DOMAIN_NOT_RUNNING'])

/** Whether the domain that the call was about has ended. */
export function isDomainGone(error: BallastError): boolean {
  return gone.has(error.code)
}

const fatal: ReadonlySet<ErrorCode> = new Set(['ERR_CONNECTION_LOST', 'ERR_ALREADY_CLOSED'])

/** Whether after this error no call to the host can succeed any more. */
export function endsConnection(error: BallastError): boolean {
  return fatal.has(error.code)
}
