import { expect, it } from 'vitest'
import { fromNative } from '../../../lib/libvirt/native-error.ts'

const systemError = 38

const refused = (message: string, call = 'virDomainPinVcpu') =>
  fromNative(
    Object.assign(new Error(message), { call, libvirtCode: systemError, libvirtDomain: 0, level: 2 }),
  )

it.each([
  'cannot set CPU affinity on process 777: Invalid argument',
  "Unable to write to '/sys/fs/cgroup/cpuset/machine/qemu-1-g1.libvirt-qemu/vcpu0/cpuset.cpus': Permission denied",
])('a pin that the kernel refuses is ERR_PCPU_UNUSABLE: %s', (message) => {
  expect(refused(message)).toMatchObject({ code: 'ERR_PCPU_UNUSABLE', libvirtCode: systemError })
})

it('a guest with one thread for all vCPUs runs, and cannot be pinned', () => {
  const message = 'Requested operation is not valid: cpu affinity is not supported'
  const error = Object.assign(new Error(message), { call: 'virDomainPinVcpu', libvirtCode: 55 })
  expect(fromNative(error).code).toBe('ERR_NOT_SUPPORTED')
})

it('what else fails of a pin, or in other calls, is not', () => {
  expect(refused('cannot set CPU affinity on process 777: No such process').code).toBe('ERR_LIBVIRT')
  expect(refused('Invalid argument', 'virDomainSetMemory').code).toBe('ERR_LIBVIRT')
})
