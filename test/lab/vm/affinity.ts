import { CpuSet } from '../../../lib/host/cpuset.ts'
import type { Owners } from './guests.ts'
import type { HostVm } from './host-vm.ts'

/** Where the only vCPU of a guest may run, as three ask for it. */
export interface Affinity {
  readonly name: string
  /** `virsh vcpupin`: what was set last. */
  readonly pinned: CpuSet
  /** Of the thread, as the kernel has it. */
  readonly thread: CpuSet
  /** Of its cgroup. */
  readonly cpuset: CpuSet
}

/** The affinities of all running guests. */
export async function affinities(vm: HostVm): Promise<Affinity[]> {
  const lines = await vm.run(`
    for name in $(virsh -q list --name); do
      pid=$(pgrep -f "guest=$name,")
      for task in /proc/$pid/task/*; do grep -q '^CPU 0/' $task/comm && thread=$task; done
      pinned=$(virsh -q vcpupin $name 0 | awk '{ print $2 }')
      kernel=$(sed -n 's/Cpus_allowed_list:[[:space:]]*//p' $thread/status)
      echo "$name $pinned $kernel $(cat /sys/fs/cgroup$(sed -n 's/^0:://p' $thread/cgroup)/cpuset.cpus)"
    done`)
  return lines.split('\n').map((line) => {
    const [name = '', ...sets] = line.split(' ')
    const [pinned, thread, cpuset] = sets.map((text) => CpuSet.parse(text))
    return { name, pinned: pinned!, thread: thread!, cpuset: cpuset! }
  })
}

/** What is not as the owner had it, in words. */
export function notAsOwned(list: readonly Affinity[], owners: Owners): string[] {
  return list.flatMap(({ name, pinned, thread, cpuset }) => {
    const owned = owners[name]!
    const found = { 'virsh vcpupin': pinned, 'the thread': thread, 'its cgroup': cpuset }
    return Object.entries(found)
      .filter(([, set]) => `${set}` !== owned)
      .map(([where, set]) => `${name}: ${where} says ${set}, its owner had ${owned}`)
  })
}
