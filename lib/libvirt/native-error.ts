import type { NativeError } from '../addon/native.ts'
import { BallastError, type ErrorCode, LibvirtError } from '../host/errors.ts'

// virErrorNumber and virErrorDomain, as far as a caller can do something about them.
const operationInvalid = 55
const systemError = 38
const fromRpc = 7
/** Internal error, system error, RPC error: what the client library reports, alternately, once the daemon is gone. */
const lostCodes: ReadonlySet<number> = new Set([1, 38, 39])
const codes: ReadonlyMap<number, ErrorCode> = new Map([
  [3, 'ERR_NOT_SUPPORTED'], // VIR_ERR_NO_SUPPORT
  [5, 'ERR_CONNECTION_FAILED'], // VIR_ERR_NO_CONNECT
  [8, 'ERR_INVALID_ARGUMENT'], // VIR_ERR_INVALID_ARG
  [29, 'ERR_PERMISSION_DENIED'], // VIR_ERR_OPERATION_DENIED
  [42, 'ERR_NO_DOMAIN'], // VIR_ERR_NO_DOMAIN
  [45, 'ERR_PERMISSION_DENIED'], // VIR_ERR_AUTH_FAILED
  [68, 'ERR_DOMAIN_BUSY'], // VIR_ERR_OPERATION_TIMEOUT
  [67, 'ERR_NOT_SUPPORTED'], // VIR_ERR_CONFIG_UNSUPPORTED: the host cannot do it
  [79, 'ERR_PERMISSION_DENIED'], // VIR_ERR_AUTH_CANCELLED
  [84, 'ERR_NOT_SUPPORTED'], // VIR_ERR_OPERATION_UNSUPPORTED
  [88, 'ERR_PERMISSION_DENIED'], // VIR_ERR_ACCESS_DENIED
])

/** Makes the typed error of what a native promise rejected with. */
export function fromNative(cause: unknown): BallastError {
  if (cause instanceof BallastError) return cause
  if (!isNative(cause)) {
    return new BallastError('ERR_LIBVIRT', cause instanceof Error ? cause.message : String(cause), { cause })
  }
  const about = cause.domainName === undefined ? '' : ` of domain ${JSON.stringify(cause.domainName)}`
  if (cause.timedOut) {
    return new BallastError('ERR_TIMEOUT', `${cause.call}: ${cause.message}; its outcome is unknown`)
  }
  return new LibvirtError(codeOf(cause), `${cause.call}${about}: ${cause.message}`, {
    libvirtCode: cause.libvirtCode ?? 0,
    libvirtDomain: cause.libvirtDomain ?? 0,
    level: cause.level ?? 0,
    call: cause.call,
    domainName: cause.domainName,
  })
}

function codeOf(error: NativeError): ErrorCode {
  const { libvirtCode = 0, libvirtDomain = 0 } = error
  if (libvirtDomain === fromRpc && lostCodes.has(libvirtCode)) return 'ERR_CONNECTION_LOST'
  // libvirt has no code of its own for what the kernel refuses of a pin.
  if (libvirtCode === systemError && error.call === 'virDomainPinVcpu') {
    if (/invalid argument|cpuset/i.test(error.message)) return 'ERR_PCPU_UNUSABLE'
  }
  if (libvirtCode === operationInvalid) {
    // The same code for a domain that does not run, for one that has no balloon or no thread for each vCPU, and for a
    // host without cgroups.
    return /balloon|cgroup|affinity is not supported/.test(error.message)
      ? 'ERR_NOT_SUPPORTED'
      : 'ERR_DOMAIN_NOT_RUNNING'
  }
  return codes.get(libvirtCode) ?? 'ERR_LIBVIRT'
}

function isNative(cause: unknown): cause is NativeError {
  return cause instanceof Error && 'call' in cause
}
