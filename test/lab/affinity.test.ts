import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CpuSet } from '../../lib/host/cpuset.ts'
import type { Host } from '../../lib/host/host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import { describeLab } from './describe-lab.ts'
import type { Guest } from './guest.ts'
import { Lab } from './lab.ts'
import { virsh } from './virsh.ts'

const run = promisify(execFile)

async function affinity(host: Host): Promise<string> {
  return String(CpuSet.fromWords((await host.sampleCpu()).affinity))
}

/** The thread of its only vCPU. */
async function vcpuThread({ pid }: Guest): Promise<string> {
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    if ((await readFile(`/proc/${pid}/task/${thread}/comm`, 'utf8')).startsWith('CPU 0/')) return thread
  }
  throw new Error('It has no vCPU thread')
}

describeLab('affinities of a QEMU that somebody else changes', () => {
  let lab: Lab
  let guest: Guest
  beforeAll(async () => {
    lab = await Lab.up()
    guest = await lab.start({ name: 'pinned', kernel: false })
  })
  afterAll(() => lab?.down())

  it('are read anew from libvirt once it has told of a pin', async () => {
    await using host = await connect(lab.uri, { cpuSource: 'libvirt' })
    await affinity(host)
    // More often than what is read anew in turn anyway could account for.
    for (const cpu of ['0', '1', '0', '1', '0', '1']) {
      const told = new Promise((resolve) => {
        const stop = host.subscribe((event) => {
          if (event.kind !== 'vcpuPin') return
          stop()
          resolve(event.cpus.toString())
        })
      })
      await virsh(lab.uri, 'vcpupin', guest.domain, '0', cpu, '--live')
      expect(await told).toBe(cpu)
      expect(await affinity(host)).toBe(cpu)
    }
  })

  it('come from /proc as the kernel has them, and from libvirt within eight samples', async () => {
    await using local = await connect(lab.uri)
    await using remote = await connect(lab.uri, { cpuSource: 'libvirt' })
    await virsh(lab.uri, 'vcpupin', guest.domain, '0', '0-1', '--live')
    await affinity(remote)
    await run('taskset', ['-p', '-c', '1', await vcpuThread(guest)])
    expect(await affinity(local)).toBe('1')
    for (let sample = 1; sample < 8; sample++) await affinity(remote)
    expect(await affinity(remote)).toBe('1')
  })
})
