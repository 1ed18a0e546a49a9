import type { HostVm } from './host-vm.ts'

/** The affinity that its owner gave to the only vCPU of a guest, as a CPU list by the guest's name. */
export type Owners = Readonly<Record<string, string>>

/**
 * Sets the guests to spin, each with the affinity that its owner gave it. They are those that the host was saved with:
 * `recipe/guests.sh`.
 */
export async function spin(vm: HostVm, owners: Owners): Promise<void> {
  const commands = Object.entries(owners).map(
    ([name, cpus]) => `virsh -q vcpupin ${name} 0 ${cpus}; virsh -q resume ${name}`,
  )
  await vm.run(['set -e', ...commands].join('\n'))
}
