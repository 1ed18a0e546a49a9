import { afterAll, beforeAll, expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import { CpuSource } from '../../lib/host/sample.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { describeLab } from './describe-lab.ts'
import { Lab } from './lab.ts'

describeLab('a guest whose QEMU has one thread for all vCPUs', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.up()
    await lab.start({ name: 'counted', kernel: false, vcpus: 2, oneThread: true })
  })
  afterAll(() => lab?.down())

  it.each(['auto', 'libvirt'] as const)('is told as such, and cannot be pinned: %s', async (cpuSource) => {
    await using host = await connect(lab.uri, { cpuSource })
    const sample = await host.sampleCpu()
    expect([...sample.source]).toEqual([CpuSource.threadOfAll])
    expect(sample.vcpu).toHaveLength(0)
    const { uuid } = await host.domain('counted')
    await expect(host.pinVcpu(uuid, 0, CpuSet.of(0))).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  })
})
