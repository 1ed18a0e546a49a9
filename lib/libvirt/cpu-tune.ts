import type { NativeCpuTune } from '../addon/native.ts'
import type { CpuQuota } from '../host/cpu-quota.ts'

/** What a quota is of where libvirt has no period: the kernel's own. Microseconds. */
const usualPeriod = 100_000
/** Quotas of more pCPUs than any host has: libvirt writes no limit as the largest number there is. */
const mostPcpus = 65_536

/** The quotas in a domain's scheduler parameters, in pCPUs. */
export function readQuota(tune: NativeCpuTune): CpuQuota {
  return {
    vcpu: pcpusOf(tune.vcpuQuota, tune.vcpuPeriod),
    global: pcpusOf(tune.globalQuota, tune.globalPeriod),
    emulator: pcpusOf(tune.emulatorQuota, tune.emulatorPeriod),
  }
}

/** Undefined: no limit. */
function pcpusOf(quota: number | undefined, period: number | undefined): number | undefined {
  const pcpus = (quota ?? 0) / (period || usualPeriod)
  return pcpus > 0 && pcpus < mostPcpus ? pcpus : undefined
}
