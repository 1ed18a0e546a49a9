import { define, plain, type ReasonsIn } from './figures.ts'

/** Why no vCPU is placed on a pCPU that is online. */
export const unusableReasons = {
  'pcpu-reserved': plain("the option hostCpus keeps it for the host's own work"),
  'pcpu-isolated': plain('the kernel is told to run nothing there of its own accord (isolcpus)'),
  'pcpu-outside-cpuset': define(
    { usable: 'cpus' },
    ({ usable }) => `the cgroups of the guests keep them to ${usable}`,
  ),
  'pcpu-refused': plain('the kernel refused to pin a vCPU there'),
} as const

export type UnusableCpuReason = ReasonsIn<typeof unusableReasons>
