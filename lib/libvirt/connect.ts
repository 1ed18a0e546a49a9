import { loadNative } from '../addon/load-native.ts'
import { BallastError, LibvirtError, wrongOption } from '../host/errors.ts'
import type { Host } from '../host/host.ts'
import { withoutPassword, withoutPasswordOf } from '../util/uri.ts'
import { LibvirtHost } from './libvirt-host.ts'
import { fromNative } from './native-error.ts'

export interface ConnectOptions {
  /** Open a read-only connection. Default false. */
  readonly readOnly?: boolean
  /**
   * Where CPU figures come from. `auto` reads the vCPU threads' `schedstat` where the host is this machine,
   * otherwise asks libvirt; `libvirt` always asks libvirt, which knows no run delay. It reports every
   * pin; an affinity that something else changes (`taskset`, a cpuset) shows within eight samples. Default `auto`.
   */
  readonly cpuSource?: 'auto' | 'libvirt'
  /** Milliseconds after which a call is given up with `ERR_TIMEOUT`. Default 10,000. */
  readonly callDeadline?: number
  /** Milliseconds after which a guest that does not report its memory statistics is `stuck`. Default 1,000. */
  readonly memoryDeadline?: number
  /** Seconds between questions whether the daemon is still there; 0: never. Default 5. */
  readonly keepAliveSeconds?: number
  /** Unanswered questions after which the connection counts as lost. Default 3. */
  readonly keepAliveCount?: number
}

const defaults = {
  readOnly: false,
  cpuSource: 'auto',
  callDeadline: 10_000,
  memoryDeadline: 1_000,
  keepAliveSeconds: 5,
  keepAliveCount: 3,
} as const satisfies Required<ConnectOptions>

/**
 * Connects to libvirt. Without a URI: `LIBVIRT_DEFAULT_URI`, else `qemu:///system`.
 *
 * Rejects with `ERR_CONNECTION_FAILED` (no daemon, unknown URI), `ERR_PERMISSION_DENIED`,
 * `ERR_ADDON_MISSING` (no libvirt on this machine) or a `TypeError` for a wrong option.
 *
 * @example `await using host = await connect('qemu:///system')`
 */
export async function connect(
  uri: string = process.env.LIBVIRT_DEFAULT_URI || 'qemu:///system',
  options: ConnectOptions = {},
): Promise<Host> {
  const settings = { ...defaults, ...options }
  validate(uri, settings, options)
  const native = loadNative()
  try {
    const connection = await native.open({
      uri,
      readOnly: settings.readOnly,
      keepAliveIntervalSeconds: settings.keepAliveSeconds,
      keepAliveCount: settings.keepAliveCount,
      callDeadline: settings.callDeadline,
      memoryDeadline: settings.memoryDeadline,
      useProc: settings.cpuSource === 'auto',
    })
    return new LibvirtHost(connection, withoutPassword(uri), settings.readOnly)
  } catch (error) {
    throw connectionError(uri, fromNative(error))
  }
}

function validate(uri: string, settings: Required<ConnectOptions>, given: ConnectOptions): void {
  if (typeof uri !== 'string' || uri === '')
    throw wrongOption('uri', 'a libvirt URI such as qemu:///system', uri)
  for (const name of Object.keys(given)) {
    if (!(name in defaults)) throw wrongOption(name, `one of ${Object.keys(defaults).join(', ')}`, name)
  }
  if (typeof settings.readOnly !== 'boolean')
    throw wrongOption('readOnly', 'true or false', settings.readOnly)
  if (settings.cpuSource !== 'auto' && settings.cpuSource !== 'libvirt') {
    throw wrongOption('cpuSource', "'auto' or 'libvirt'", settings.cpuSource)
  }
  for (const name of ['callDeadline', 'memoryDeadline'] as const) {
    if (!(settings[name] >= 1) || !Number.isFinite(settings[name])) {
      throw wrongOption(name, 'a number of milliseconds from 1', settings[name])
    }
  }
  for (const name of ['keepAliveSeconds', 'keepAliveCount'] as const) {
    if (!Number.isInteger(settings[name]) || settings[name] < 0) {
      throw wrongOption(name, 'a whole number from 0', settings[name])
    }
  }
}

/** Says what could not be reached and what to do about it; keeps libvirt's own words. */
function connectionError(uri: string, cause: BallastError): BallastError {
  const shown = withoutPassword(uri)
  const said = withoutPasswordOf(uri, cause.message)
  const denied = cause.code === 'ERR_PERMISSION_DENIED' || /permission denied|authentication/i.test(said)
  const code = denied ? 'ERR_PERMISSION_DENIED' : 'ERR_CONNECTION_FAILED'
  const cure = denied
    ? 'Run as a member of the libvirt group or as root, or open it read-only.'
    : /no such file|connection refused|failed to connect socket/i.test(said)
      ? 'Is libvirtd running there? Start it (systemctl start libvirtd), or give another URI.'
      : 'Check the URI: for instance qemu:///system, qemu:///session or qemu+ssh://HOST/system.'
  const message = `Cannot connect to ${shown}: ${said}. ${cure}`
  return cause instanceof LibvirtError
    ? new LibvirtError(code, message, cause)
    : new BallastError(code, message, { cause })
}
