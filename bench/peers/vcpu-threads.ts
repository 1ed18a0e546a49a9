import { readdir, readFile } from 'node:fs/promises'
import type { Guest } from '../../test/lab/guest.ts'

/** What the kernel tells of one vCPU's thread. Nanoseconds since it began. */
export interface VcpuThread {
  readonly run: number
  readonly delay: number
  /** pCPU that it ran on last. */
  readonly pcpu: number
  /** CPU list that it may run on. */
  readonly allowed: string
}

/** The first vCPU of a guest, as the kernel sees it: read without libvirt and without Ballast. */
export async function vcpuThread({ pid, name }: Guest): Promise<VcpuThread> {
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const path = `/proc/${pid}/task/${thread}`
    if (!/^CPU 0\//.test(await readFile(`${path}/comm`, 'utf8'))) continue
    const [schedstat, stat, status] = await Promise.all(
      ['schedstat', 'stat', 'status'].map((file) => readFile(`${path}/${file}`, 'utf8')),
    )
    const [run, delay] = schedstat!.split(' ').map(Number)
    const fields = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ')
    const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(status!)?.[1] ?? ''
    return { run: run!, delay: delay!, pcpu: Number(fields[36]), allowed }
  }
  throw new Error(`${name} has no vCPU thread`)
}
