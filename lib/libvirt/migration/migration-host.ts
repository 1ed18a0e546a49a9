import { setTimeout as sleep } from 'node:timers/promises'
import { loadNative } from '../../addon/load-native.ts'
import type { NativeConnection } from '../../addon/native.ts'
import { metadataNamespace } from '../../host/domain-metadata.ts'
import {
  BallastError,
  type ErrorCode,
  endsConnection,
  isDomainGone,
  LibvirtError,
} from '../../host/errors.ts'
import type { DomainRef } from '../../host/host.ts'
import type {
  GuestRequirement,
  MigrateOptions,
  MigrationHost,
  MigrationProgress,
  MigrationResult,
} from '../../host/migration.ts'
import { type DomainState, isRunning } from '../../host/sample.ts'
import { MiB } from '../../util/units.ts'
import { hostUuidOf } from '../host-uuid.ts'
import { hugePagePoolsOf } from '../huge-page-pools.ts'
import { fromNative } from '../native-error.ts'
import { nativeRun } from '../native-run.ts'
import { isOnLocalFileSystem, isThere } from './file-system.ts'
import { HardwareAnswers } from './hardware-answers.ts'
import { readRequirement } from './requirement.ts'

const callDeadline = 10_000
const operationInvalid = 55
const operationAborted = 78
/** Beside that of the owner's settings, so that a program which writes one leaves the other. */
const carriedNamespace = `${metadataNamespace}/carried`
/** Seconds over which a guest's writing is measured, and how often it is asked for the result. */
const dirtySeconds = 1
const dirtyAsked = 5

/**
 * The {@link MigrationHost} of a libvirt host, over connections of its own: what a migration takes or waits for delays no
 * sample. It connects anew at the first call after a loss, so it lives as long as its program.
 *
 * Rejects as `connect` does when the host cannot be reached the first time.
 */
export async function migrationHost(uri: string): Promise<MigrationHost & AsyncDisposable> {
  const host = new LibvirtMigrationHost(uri, await open(uri))
  return host
}

async function open(uri: string): Promise<NativeConnection> {
  try {
    return await loadNative().open({
      uri,
      readOnly: false,
      keepAliveIntervalSeconds: 5,
      keepAliveCount: 3,
      callDeadline,
      memoryDeadline: 1_000,
      useProc: false,
    })
  } catch (error) {
    throw fromNative(error)
  }
}

class LibvirtMigrationHost implements MigrationHost, AsyncDisposable {
  readonly hostUuid: string
  readonly #uri: string
  readonly #hardware = new HardwareAnswers(() => performance.now())
  #native: Promise<NativeConnection> | undefined

  constructor(uri: string, native: NativeConnection) {
    this.#uri = uri
    this.hostUuid = hostUuidOf(native.describe().capabilities)
    this.#native = Promise.resolve(native)
  }

  async runs(uuid: string): Promise<boolean> {
    const domains = await this.#call((native) => native.listDomains())
    return domains.some((domain) => domain.uuid === uuid && isRunning(domain.state as DomainState))
  }

  async requirement(uuid: string): Promise<GuestRequirement> {
    return await this.#call(async (native) => {
      const { capabilities, isLocal } = native.describe()
      return readRequirement(await native.domainXml(uuid), {
        capabilities,
        isOnLocalFileSystem: async (path) => (isLocal ? await isOnLocalFileSystem(path) : undefined),
      })
    })
  }

  async problemWith(requirement: GuestRequirement): Promise<string | undefined> {
    const { virtualization = '', architecture, machine, cpu = '' } = requirement
    return await this.#call(async (native) => {
      const hardware = { virtualization, architecture, machine, cpu }
      const problem = await this.#hardware.problemWith(hardware, (asked) => native.problemWith(asked))
      return problem || (await missingOf(requirement, native))
    })
  }

  async migrate(domain: DomainRef, options: MigrateOptions): Promise<MigrationResult> {
    const { targetUri, dataUri = '', bandwidth = 0, downtime = 0, signal } = options
    const [uuid, id] = nativeRun(domain)
    if (signal?.aborted) throw new BallastError('ERR_MIGRATION_ABORTED', 'It was ended before it began')
    const ended = new AbortController()
    const onAbort = () => void this.#abort(uuid, ended.signal)
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const settings = {
        targetUri,
        dataUri,
        bandwidthMiB: bandwidth === 0 ? 0 : Math.max(1, Math.round(bandwidth / MiB)),
        downtime: Math.round(downtime),
      }
      return await this.#call((native) => native.migrate(uuid, id, settings))
    } catch (error) {
      throw await this.#failure(uuid, fromNative(error), signal?.aborted ?? false)
    } finally {
      ended.abort()
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async carry(domain: DomainRef, text: string | undefined): Promise<void> {
    const [uuid, id] = nativeRun(domain)
    // In base64, so that XML leaves it as it is.
    const xml = text === undefined ? undefined : `<carried>${Buffer.from(text).toString('base64')}</carried>`
    await this.#call((native) => native.setDomainMetadata(uuid, id, carriedNamespace, 'ballast-carried', xml))
  }

  async carried(uuid: string): Promise<string | undefined> {
    const xml = await this.#call((native) => native.domainMetadata(uuid, carriedNamespace))
    const text = xml === undefined ? undefined : />([^<]*)</.exec(xml)?.[1]
    return text === undefined ? undefined : Buffer.from(text, 'base64').toString()
  }

  async migrationProgress(uuid: string): Promise<MigrationProgress | undefined> {
    const job = await unlessGone(this.#call((native) => native.migrationJob(uuid)))
    if (job === undefined) return undefined
    const { isIncoming, ...figures } = job
    return { direction: isIncoming ? 'in' : 'out', ...figures }
  }

  async abortMigration(uuid: string): Promise<void> {
    await unlessGone(this.#call((native) => native.abortMigration(uuid)))
  }

  async dirtyRate(uuid: string): Promise<number | undefined> {
    return await this.#call(async (native) => {
      if (!(await native.startDirtyRate(uuid, dirtySeconds))) return undefined
      for (let asked = 0; asked < dirtyAsked; asked++) {
        await sleep(dirtySeconds * 1_000)
        const rate = await native.dirtyRate(uuid)
        if (rate !== undefined) return rate * MiB
      }
      return undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const native = await this.#native?.catch(() => undefined)
    this.#native = Promise.reject(
      new BallastError('ERR_ALREADY_CLOSED', `The connection to ${this.#uri} is closed`),
    )
    this.#native.catch(() => undefined)
    await native?.close()
  }

  /** A job that is only about to begin cannot be aborted yet: it is tried until the migration is over. */
  async #abort(uuid: string, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await this.abortMigration(uuid).catch(() => undefined)
      await sleep(200)
    }
  }

  /** What a migration that failed is for its caller: where the guest runs now decides. */
  async #failure(uuid: string, error: BallastError, wasAborted: boolean): Promise<BallastError> {
    // Nothing had begun: this host was not reached, or does not have the guest.
    if (error instanceof LibvirtError && !error.call.startsWith('virDomainMigrate')) return error
    if (endsConnection(error) || error.code === 'ERR_TIMEOUT') {
      return failureOf('ERR_MIGRATION_UNKNOWN', error, 'it may run here or on the target')
    }
    const runs = await this.runs(uuid).catch(() => false)
    if (!runs) return failureOf('ERR_MIGRATION_UNKNOWN', error, 'it does not run here now')
    const code = error instanceof LibvirtError ? error.libvirtCode : 0
    if (wasAborted || code === operationAborted) return failureOf('ERR_MIGRATION_ABORTED', error)
    const isBusy =
      error.code === 'ERR_DOMAIN_BUSY' || (code === operationInvalid && /\bjob\b/.test(error.message))
    return failureOf(isBusy ? 'ERR_DOMAIN_BUSY' : 'ERR_MIGRATION', error)
  }

  async #call<T>(make: (native: NativeConnection) => Promise<T>): Promise<T> {
    this.#native ??= open(this.#uri)
    const opening = this.#native
    try {
      const native = await opening
      return await make(native).catch((cause) => {
        const error = fromNative(cause)
        if (error.code === 'ERR_CONNECTION_LOST') void native.close().catch(() => undefined)
        throw error
      })
    } catch (error) {
      const isOver = !(error instanceof BallastError) || error.code === 'ERR_CONNECTION_LOST'
      if ((isOver || (await isRejected(opening))) && this.#native === opening) this.#native = undefined
      throw error
    }
  }
}

async function isRejected(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => false,
    () => true,
  )
}

/** Of a domain that has left, or ended, no migration is under way. */
async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error) => {
    if (error instanceof BallastError && isDomainGone(error)) return undefined
    throw error
  })
}

/** What of storage, networks and huge pages this host does not have. */
async function missingOf(
  { storage, networks, hugePages }: GuestRequirement,
  native: NativeConnection,
): Promise<string | undefined> {
  const { capabilities, isLocal } = native.describe()
  for (const what of storage) {
    const [, pool, name] = /^volume ([^/]+)\/(.*)$/s.exec(what) ?? []
    const has = pool === undefined ? !isLocal || (await isThere(what)) : await native.hasVolume(pool, name!)
    if (has === false) return `it does not reach ${what}`
  }
  for (const network of networks) {
    const [, kind, name = ''] = /^(network|bridge|device) (.*)$/s.exec(network) ?? []
    const has =
      kind === 'network'
        ? await native.hasNetwork(name)
        : !isLocal || (await isThere(`/sys/class/net/${name}`))
    if (has === false) return `it has no ${network}`
  }
  if (hugePages === 0) return undefined
  const pools = hugePagePoolsOf(capabilities).reduce((sum, { total }) => sum + total, 0)
  return pools < hugePages ? 'its pools of huge pages are too small' : undefined
}

function failureOf(code: ErrorCode, cause: BallastError, hint?: string): BallastError {
  const message = hint === undefined ? cause.message : `${cause.message}; ${hint}`
  return cause instanceof LibvirtError
    ? new LibvirtError(code, message, cause)
    : new BallastError(code, message)
}
