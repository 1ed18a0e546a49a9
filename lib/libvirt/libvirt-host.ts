import type { NativeConnection, NativeDomain, NativeEvent } from '../addon/native.ts'
import { type CpuQuota, noQuota } from '../host/cpu-quota.ts'
import { CpuSet } from '../host/cpuset.ts'
import { metadataNamespace } from '../host/domain-metadata.ts'
import type { DomainTraits } from '../host/domain-traits.ts'
import { BallastError, LibvirtError } from '../host/errors.ts'
import {
  type Clock,
  Domain,
  type DomainRef,
  type Host,
  type HostEvent,
  type HostListener,
} from '../host/host.ts'
import type { Ksm, KsmSettings } from '../host/ksm.ts'
import type { CpuSample, DomainIdentity, DomainState, HugePagePool, MemorySample } from '../host/sample.ts'
import type { Topology } from '../host/topology.ts'
import { KiB } from '../util/units.ts'
import { readTopology } from './capabilities.ts'
import { readQuota } from './cpu-tune.ts'
import { readTraits } from './domain-xml.ts'
import { toHostEvent } from './host-event.ts'
import { hugePagePoolsOf } from './huge-page-pools.ts'
import { LibvirtKsm } from './libvirt-ksm.ts'
import { memorySample } from './memory-sample.ts'
import { MigrationWatch } from './migration/migration-watch.ts'
import { fromNative } from './native-error.ts'
import { nativeRun } from './native-run.ts'
import { pageSizeOf } from './page-size.ts'
import { readSysfs } from './pcpu-capacity.ts'
import { realClock } from './real-clock.ts'
import { assertWhole } from './whole.ts'

// What libvirt says of a connection that its keepalive has given up: VIR_ERR_INTERNAL_ERROR, VIR_FROM_RPC.
const internalError = 1
const fromRpc = 7

/** A {@link Host} on libvirt, over the addon. Made by `connect()`. */
export class LibvirtHost implements Host {
  readonly uri: string
  readonly readOnly: boolean
  readonly clock: Clock = realClock
  readonly #native: NativeConnection
  #topology: Topology
  /** The online pCPUs as they were told last. */
  #online: Uint32Array
  /** As they were when it was connected: a remote host does not tell them otherwise. */
  readonly #pools: readonly HugePagePool[]
  readonly #ksm: LibvirtKsm
  readonly #listeners = new Set<HostListener>()
  readonly #cpuDomains = new DomainTable()
  readonly #memoryDomains = new DomainTable()
  readonly #migrations = new MigrationWatch(
    (uuid) => this.#call((native) => native.migrationJob(uuid)),
    (event) => this.#tell(event),
  )
  /** Whether somebody listened when the domains were looked at for migrations. */
  #hasLookedForMigrations = false
  /** Rejects each call that is under way. */
  readonly #pending = new Set<(error: BallastError) => void>()
  /** Why no call is made any more. */
  #lost: BallastError | undefined
  #closing: Promise<void> | undefined

  constructor(native: NativeConnection, uri: string, readOnly: boolean) {
    this.#native = native
    this.uri = uri
    this.readOnly = readOnly
    const description = native.describe()
    this.#topology = readTopology(description, description.isLocal ? readSysfs : undefined)
    this.#online = description.online
    this.#ksm = new LibvirtKsm((make) => this.#call(make), readOnly, pageSizeOf(description.capabilities))
    this.#pools = hugePagePoolsOf(description.capabilities)
  }

  get topology(): Topology {
    return this.#topology
  }

  async domains(): Promise<Domain[]> {
    const listed = await this.#call((native) => native.listDomains())
    return listed.map((domain) => new Domain(this, domain, domain.state as DomainState))
  }

  async domain(nameOrUuid: string): Promise<Domain> {
    const found = (await this.domains()).find(({ name, uuid }) => name === nameOrUuid || uuid === nameOrUuid)
    if (!found) {
      throw new BallastError('ERR_NO_DOMAIN', `No active domain ${JSON.stringify(nameOrUuid)} on ${this.uri}`)
    }
    return found
  }

  async sampleCpu(): Promise<CpuSample> {
    const { domains, online, ...columns } = await this.#call((native) => native.sampleCpu())
    if (online.length > 0 && !isSameBitmap(online, this.#online)) await this.#readTopology(online)
    const present = this.#cpuDomains.update(domains)
    this.#lookForMigrations(present)
    return { ...columns, domains: present }
  }

  /** Once somebody listens: no event tells of those that had begun before. Not waited for. */
  #lookForMigrations(domains: readonly DomainIdentity[]): void {
    if (this.#hasLookedForMigrations || this.#listeners.size === 0) return
    this.#hasLookedForMigrations = true
    void this.#migrations.lookAt(domains)
  }

  /** pCPUs were switched on or off: capabilities have their places. */
  async #readTopology(online: Uint32Array): Promise<void> {
    const description = await this.#call((native) => native.describeAnew())
    this.#topology = readTopology({ ...description, online })
    this.#online = online
  }

  async sampleMemory(): Promise<MemorySample> {
    const sample = await this.#call((native) => native.sampleMemory())
    return memorySample(sample, {
      domains: this.#memoryDomains.update(sample.domains),
      wallTime: this.clock.wallTime() - (this.clock.now() - sample.time),
      total: this.topology.memory,
      pools: this.#pools,
    })
  }

  async pinVcpu(domain: DomainRef, vcpu: number, cpus: CpuSet): Promise<void> {
    const { online, cpuCount } = this.topology
    const outside = cpus.minus(CpuSet.range(0, cpuCount - 1))
    if (cpus.isEmpty || !outside.isEmpty) {
      const what = cpus.isEmpty ? 'no pCPU at all' : `pCPU ${outside}, which this host cannot have`
      throw new BallastError(
        'ERR_INVALID_ARGUMENT',
        `Cannot pin vCPU ${vcpu} to ${what}; the host has ${online} online`,
      )
    }
    assertWhole('vCPU', vcpu, 0)
    await this.#call((native) =>
      native.pinVcpu(...nativeRun(domain), vcpu, cpus.toWords(this.topology.cpuCount)),
    )
  }

  async vcpuPins(uuid: string): Promise<ReadonlyMap<number, CpuSet>> {
    const { online, cpuCount } = this.topology
    const free = CpuSet.range(0, cpuCount - 1)
    try {
      const { wordsPerVcpu, words } = await this.#call((native) => native.vcpuPins(uuid))
      const pins = new Map<number, CpuSet>()
      for (let vcpu = 0; vcpu < words.length / wordsPerVcpu; vcpu++) {
        const own = CpuSet.fromWords(words.subarray(vcpu * wordsPerVcpu, (vcpu + 1) * wordsPerVcpu))
        // libvirt has no other word for one that is not pinned.
        pins.set(vcpu, online.isSubsetOf(own) ? free : own)
      }
      return pins
    } catch (error) {
      if (error instanceof BallastError && error.code === 'ERR_NOT_SUPPORTED') return new Map()
      throw error
    }
  }

  async setMemory(domain: DomainRef, bytes: number): Promise<void> {
    assertWhole('memory in KiB', bytes / KiB, 1)
    await this.#call((native) => native.setMemory(...nativeRun(domain), bytes / KiB))
  }

  async setMemoryStatsPeriod(domain: DomainRef, seconds: number): Promise<void> {
    assertWhole('statistics period in seconds', seconds, 0)
    await this.#call((native) => native.setMemoryStatsPeriod(...nativeRun(domain), seconds))
  }

  async cpuShares(uuid: string): Promise<number> {
    const { shares } = await this.#call((native) => native.cpuTune(uuid))
    if (shares !== undefined && shares > 0) return shares
    throw new BallastError('ERR_NOT_SUPPORTED', `The scheduler of ${this.uri} knows no cpu_shares`)
  }

  async cpuQuota(uuid: string): Promise<CpuQuota> {
    try {
      return readQuota(await this.#call((native) => native.cpuTune(uuid)))
    } catch (error) {
      if (error instanceof BallastError && error.code === 'ERR_NOT_SUPPORTED') return noQuota
      throw error
    }
  }

  async setCpuShares(domain: DomainRef, shares: number): Promise<void> {
    assertWhole('cpu_shares', shares, 1)
    await this.#call((native) => native.setCpuShares(...nativeRun(domain), shares))
  }

  ksm(): Promise<Ksm | undefined> {
    return this.#ksm.read()
  }

  setKsm(settings: KsmSettings): Promise<void> {
    return this.#ksm.write(settings)
  }

  async domainMetadata(uuid: string): Promise<string | undefined> {
    return await this.#call((native) => native.domainMetadata(uuid, metadataNamespace))
  }

  async domainTraits(uuid: string): Promise<DomainTraits> {
    return readTraits(await this.#call((native) => native.domainXml(uuid)))
  }

  subscribe(listener: HostListener): () => void {
    // A function of its own, so that the same listener can subscribe twice.
    const own: HostListener = (event) => listener(event)
    this.#listeners.add(own)
    this.#listen()
    return () => {
      this.#listeners.delete(own)
      this.#listen()
    }
  }

  /** Listens only while the user does or a call is under way: native code would keep an unreachable host from being collected. */
  #listen(): void {
    if (this.#closing) return
    const hear = (event: NativeEvent) => {
      if (event.kind === 'migration') {
        this.#migrations.see({ uuid: event.uuid, name: event.name, id: event.id })
      }
      const told = toHostEvent(event)
      if (told?.kind === 'closed' && told.reason === 'keepalive') this.#giveUp()
      if (told) this.#tell(told)
    }
    this.#native.listen(this.#listeners.size + this.#pending.size > 0 ? hear : undefined)
  }

  #tell(event: HostEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  /** The connection of the keepalive is given up; those of the calls would wait for the daemon indefinitely. */
  #giveUp(): void {
    const message = `The connection to ${this.uri} is lost: the daemon does not answer`
    const call = 'virConnectSetKeepAlive'
    const details = { libvirtCode: internalError, libvirtDomain: fromRpc, level: 2, call }
    this.#lost = new LibvirtError('ERR_CONNECTION_LOST', message, details)
    for (const reject of this.#pending) reject(this.#lost)
  }

  close(): Promise<void> {
    this.#closing ??= this.#native.close().catch((error) => {
      throw fromNative(error)
    })
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #call<T>(make: (native: NativeConnection) => Promise<T>): Promise<T> {
    if (this.#closing) throw new BallastError('ERR_ALREADY_CLOSED', `The connection to ${this.uri} is closed`)
    if (this.#lost) throw this.#lost
    let reject: (error: BallastError) => void = () => {}
    const loss = new Promise<never>((_, rejectCall) => {
      reject = rejectCall
    })
    this.#pending.add(reject)
    if (this.#pending.size === 1) this.#listen()
    try {
      return await Promise.race([make(this.#native), loss])
    } catch (error) {
      throw fromNative(error)
    } finally {
      this.#pending.delete(reject)
      if (this.#pending.size === 0) this.#listen()
    }
  }
}

/** Keeps the domains of a sampler: they cross the border only when their set has changed. */
class DomainTable {
  #domains: readonly DomainIdentity[] = []

  update(changed: readonly NativeDomain[] | undefined): readonly DomainIdentity[] {
    if (changed) this.#domains = changed.map(({ uuid, name, id, run }) => ({ uuid, name, id, run }))
    return this.#domains
  }
}

function isSameBitmap(a: Uint32Array, b: Uint32Array): boolean {
  const count = Math.max(a.length, b.length)
  for (let i = 0; i < count; i++) if ((a[i] ?? 0) !== (b[i] ?? 0)) return false
  return true
}
