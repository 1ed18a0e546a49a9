import type { HostVm } from './host-vm.ts'

/** The affinity that its owner gave to the only vCPU of a guest, as a CPU list by the guest's name. */
export type Owners = Readonly<Record<string, string>>

/**
 * Sets the guests going, each with the affinity that its owner gave it. They are those that the host was saved with:
 * `recipe/guests.sh`.
 */
export async function resume(vm: HostVm, owners: Owners): Promise<void> {
  const pins = Object.entries(owners).map(([name, cpus]) => `vcpupin ${name} 0 ${cpus}`)
  // To resume what runs is an error.
  await vm.run(`
    suspended=$(virsh -q list --state-paused --name | grep -xE '${Object.keys(owners).join('|')}')
    virsh -q "${pins.join('; ')}$(for name in $suspended; do printf '; resume %s' $name; done)"`)
}
