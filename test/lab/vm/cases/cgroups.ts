import type { TickRecord } from '../../../../lib/report/tick-json.ts'
import { resume } from '../guests.ts'
import { installProduct } from '../product.ts'
import { type HostCase, judged } from './host-case.ts'

/** Percent of the pCPU that b may have. */
const quota = 25

/** What Ballast reads of cgroups v2: shares, a quota and what it throttles, the pCPUs that are left to guests. */
export const CGROUPS: HostCase = async ({ vm, product, log }) => {
  await installProduct(vm, product)
  await resume(vm, { a: '1', b: '2', d: '0-7' })
  await vm.run(`
    virsh -q "schedinfo a --live --set cpu_shares=300; schedinfo b --live --set vcpu_quota=${quota * 1_000}"
    systemctl set-property --runtime machine.slice AllowedCPUs=0-3`)
  log(
    await vm.run(`
      cd /sys/fs/cgroup/machine.slice
      grep . cpuset.cpus cpuset.cpus.effective *b.scope/cpu.weight *a.scope/cpu.weight
      cd *b.scope/libvirt/vcpu0 && grep . cgroup.controllers cpu.max cpu.stat cpu.stat.local cpuset.cpus*`),
  )
  const lines = await vm.run('ballast cpu 2 --dry-run --ticks 6 --json')
  const tick = JSON.parse(lines.split('\n').at(-1)!) as TickRecord
  const [a, b, d] = ['a', 'b', 'd'].map((name) => tick.domains.find((domain) => domain.name === name)!)
  const throttled = b!.vcpus[0]!.throttled
  const figures = {
    shares: [a!.cpuShares, b!.cpuShares, d!.cpuShares],
    quota: b!.cpuQuota?.vcpu,
    throttled,
    usage: b!.vcpus[0]!.usage,
    online: tick.online,
    unusable: tick.pcpus.filter(({ unusable }) => unusable !== undefined).map(({ id }) => id),
  }
  const checks = {
    'shares are read as they were set, 100 by default': `${figures.shares}` === '300,100,100',
    'the quota is read': figures.quota === quota / 100,
    // The time of a pCPU is what it is also under software emulation; how much of the rest was throttled is not.
    'it shows as throttled': throttled !== undefined && throttled > 0.25,
    'the slice bounds what is usable': tick.online === '0-3' && `${figures.unusable}` === '4,5,6,7',
  }
  const broken = Object.entries(checks).flatMap(([what, isSo]) => (isSo ? [] : [`not so: ${what}`]))
  return judged('CGROUPS', broken, figures)
}
