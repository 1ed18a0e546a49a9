import { expect, it } from 'vitest'
import { readQuota } from '../../../lib/libvirt/cpu-tune.ts'

const none = { vcpu: undefined, global: undefined, emulator: undefined }

it.each([
  ['microseconds of a period', { vcpuQuota: 50_000, vcpuPeriod: 200_000 }, { ...none, vcpu: 0.25 }],
  ['the kernel’s period where none is set', { vcpuQuota: 50_000, vcpuPeriod: 0 }, { ...none, vcpu: 0.5 }],
  ['more than one pCPU', { globalQuota: 300_000, globalPeriod: 100_000 }, { ...none, global: 3 }],
  ['that of the emulator', { emulatorQuota: 10_000, emulatorPeriod: 100_000 }, { ...none, emulator: 0.1 }],
  ['no limit, as cgroups v1 have it', { vcpuQuota: -1, vcpuPeriod: 100_000 }, none],
  ['no limit, as libvirt has it', { vcpuQuota: 17_592_186_044_415, vcpuPeriod: 100_000 }, none],
  ['never set', { vcpuQuota: 0, vcpuPeriod: 0 }, none],
  ['a driver without quotas', {}, none],
])('a quota is read: %s', (_, tune, quota) => {
  expect(readQuota(tune)).toEqual(quota)
})
