import { existsSync } from 'node:fs'
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import type { Guest } from './guest.ts'
import { isCode, until } from './processes.ts'

const root = '/sys/fs/cgroup/cpuset'

/**
 * A cpuset of cgroups v1 that the QEMUs of a lab are kept in, as a container or a slice of systemd keeps those of a host: a
 * private libvirtd has no cgroups of its own. Needs root.
 */
export class LabCpuset implements AsyncDisposable {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Why there can be none here; undefined: there can. */
  static unavailable(): string | undefined {
    if (process.getuid?.() !== 0) return 'only root can make a cpuset'
    return existsSync(`${root}/cpuset.effective_cpus`) ? undefined : 'there are no cpusets of cgroups v1 here'
  }

  /** Puts the guests into a new group that may use these pCPUs. */
  static async around(guests: readonly Guest[], cpus: string): Promise<LabCpuset> {
    const cpuset = new LabCpuset(`${root}/ballast-lab-${process.pid}`)
    await mkdir(cpuset.#directory, { recursive: true })
    await writeFile(
      `${cpuset.#directory}/cpuset.mems`,
      await readFile(`${root}/cpuset.effective_mems`, 'utf8'),
    )
    await cpuset.set(cpus)
    for (const { pid } of guests) await writeFile(`${cpuset.#directory}/cgroup.procs`, `${pid}`)
    return cpuset
  }

  /** Narrows or widens it. */
  async set(cpus: string): Promise<void> {
    await writeFile(`${this.#directory}/cpuset.cpus`, cpus)
  }

  /** Lets the guests go to where they were, and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const members = (await readFile(`${this.#directory}/cgroup.procs`, 'utf8')).trim().split('\n')
    for (const pid of members.filter((line) => line !== '')) {
      await writeFile(`${root}/cgroup.procs`, pid).catch((error: unknown) => {
        if (!isCode(error, 'ESRCH')) throw error
      })
    }
    await until('the cpuset is removed', 60_000, () =>
      rmdir(this.#directory).then(
        () => true,
        (error: unknown) => {
          if (isCode(error, 'EBUSY')) return undefined
          throw error
        },
      ),
    )
  }
}
