import type { NativeEvent } from '../addon/native.ts'
import { CpuSet } from '../host/cpuset.ts'
import { metadataNamespace } from '../host/domain-metadata.ts'
import type { HostEvent } from '../host/host.ts'

/** By virDomainEventType. */
const lifecycleEvents = [
  'defined',
  'undefined',
  'started',
  'suspended',
  'resumed',
  'stopped',
  'shutdown',
  'pmsuspended',
  'crashed',
] as const

/** By virConnectCloseReason. */
const closeReasons = ['error', 'eof', 'keepalive', 'client'] as const

/**
 * An event as libvirt numbers it, in the words of {@link HostEvent}; undefined for metadata of others, and for
 * migrations, of which it does not tell all: see `MigrationWatch`.
 */
export function toHostEvent(event: NativeEvent): HostEvent | undefined {
  const domain = { uuid: event.uuid, name: event.name, id: event.id }
  switch (event.kind) {
    case 'lifecycle':
      return { kind: 'lifecycle', domain, event: lifecycleEvents[event.detail] ?? 'other' }
    case 'reboot':
      return { kind: 'reboot', domain }
    case 'balloon':
      return { kind: 'balloon', domain, actual: event.bytes }
    case 'vcpuPin':
      return { kind: 'vcpuPin', domain, vcpu: event.detail, cpus: CpuSet.parse(event.text) }
    case 'cpuShares':
      return { kind: 'cpuShares', domain, shares: event.shares }
    case 'cpuQuota':
      return { kind: 'cpuQuota', domain }
    case 'device':
      return { kind: 'device', domain, alias: event.text, change: event.added ? 'added' : 'removed' }
    case 'deviceSize':
      return { kind: 'device', domain, alias: event.text, change: 'resized' }
    case 'metadata':
      return event.text === metadataNamespace ? { kind: 'metadata', domain } : undefined
    case 'migration':
      return undefined
    case 'closed':
      return { kind: 'closed', reason: closeReasons[event.detail] ?? 'error' }
  }
}
