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

/** The affinities of guests. */
export async function affinities(vm: HostVm, names: readonly string[]): Promise<Affinity[]> {
  // One virsh for all: a program takes seconds to start here.
  const lines = await vm.run(`
    set -- $(virsh -q "${names.map((name) => `vcpupin ${name} 0`).join('; ')}" | awk 'NF { print $2 }')
    for name in ${names.join(' ')}; do
      for task in /proc/$(pgrep -f "guest=$name,")/task/*; do
        grep -q '^CPU 0/' $task/comm && thread=$task
      done
      kernel=$(sed -n 's/Cpus_allowed_list:[[:space:]]*//p' $thread/status)
      echo "$name $1 $kernel $(cat "/sys/fs/cgroup$(sed -n 's/^0:://p' $thread/cgroup)/cpuset.cpus")"
      shift
    done`)
  return lines.split('\n').map((line) => {
    const [name = '', ...sets] = line.split(' ')
    const [pinned, thread, cpuset] = sets.map((text) => CpuSet.parse(text))
    return { name, pinned: pinned!, thread: thread!, cpuset: cpuset! }
  })
}

/** What is not as the owner had it, in words. */
export async function notAsOwned(vm: HostVm, owners: Owners): Promise<string[]> {
  return (await affinities(vm, Object.keys(owners))).flatMap(({ name, pinned, thread, cpuset }) => {
    const owned = owners[name]!
    const found = { 'virsh vcpupin': pinned, 'the thread': thread, 'its cgroup': cpuset }
    return Object.entries(found)
      .filter(([, set]) => `${set}` !== owned)
      .map(([where, set]) => `${name}: ${where} says ${set}, its owner had ${owned}`)
  })
}
