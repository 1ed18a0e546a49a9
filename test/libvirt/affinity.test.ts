import { describe, expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Host } from '../../lib/host/host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { hasDaemon, startTestDaemon } from './test-daemon.ts'

/** Samples within which an affinity is read anew whoever changed it; `kAffinityRound` in native/virt/cpu_sampler.cc. */
const round = 8

async function affinities(host: Host): Promise<string[]> {
  const { vcpu, affinity, affinityWords } = await host.sampleCpu()
  return Array.from(vcpu, (_, row) =>
    String(CpuSet.fromWords(affinity.subarray(row * affinityWords, (row + 1) * affinityWords))),
  )
}

describe.skipIf(!hasDaemon)('affinities that libvirt is asked for', () => {
  it('are what we pinned, in the very next sample', async () => {
    const daemon = await startTestDaemon()
    try {
      await using host = await connect(daemon.uri)
      const { uuid } = await host.domain('test')
      for (let cpu = 0; cpu < 2 * round; cpu++) {
        await host.pinVcpu(uuid, 1, CpuSet.of(cpu % 16))
        expect((await affinities(host))[1]).toBe(String(cpu % 16))
      }
    } finally {
      await daemon.remove()
    }
  })

  it('are what somebody else pinned without a word, within a round of samples', async () => {
    const daemon = await startTestDaemon()
    try {
      await using host = await connect(daemon.uri)
      const before = await affinities(host)
      await daemon.virsh('vcpupin', 'test', '0', '3,5')
      const seen: string[][] = []
      for (let sample = 0; sample < round; sample++) seen.push(await affinities(host))
      expect(seen.at(-1)).toEqual(['3,5', before[1]])
      // In each sample it is the one or the other whole, never a mixture.
      for (const [first] of seen) expect([before[0], '3,5']).toContain(first)
    } finally {
      await daemon.remove()
    }
  })

  it('are those of the vCPUs that there are, as these come and go', async () => {
    const daemon = await startTestDaemon()
    try {
      await using host = await connect(daemon.uri)
      const { uuid } = await host.domain('test')
      await host.pinVcpu(uuid, 0, CpuSet.of(2))
      await host.pinVcpu(uuid, 1, CpuSet.of(7))
      expect(await affinities(host)).toEqual(['2', '7'])
      await daemon.virsh('setvcpus', 'test', '1')
      expect(await affinities(host)).toEqual(['2'])
      await host.pinVcpu(uuid, 0, CpuSet.of(4))
      expect(await affinities(host)).toEqual(['4'])
      await daemon.virsh('setvcpus', 'test', '2')
      const [first, second] = await affinities(host)
      expect(first).toBe('4')
      expect(second).not.toBe('')
    } finally {
      await daemon.remove()
    }
  })
})
