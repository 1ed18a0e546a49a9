import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { findLabs, type LabFound, removeUnnamed } from './directory.ts'
import { endProcess, type LabProcess, processesIn, signal, until } from './processes.ts'
import { domainNames } from './virsh.ts'

/**
 * Takes a lab away: daemons that it started, guests, sockets, files. It may be done by several processes
 * at once and again after it was interrupted. Guests are killed rather than asked: they hold nothing worth
 * keeping, and a stopped QEMU does not listen.
 */
export async function removeLab({ directory, record }: LabFound): Promise<void> {
  const isGuest = ({ command }: LabProcess) => basename(command[0] ?? '').startsWith('qemu')
  const daemons = async () => (await processesIn(directory)).filter((process) => !isGuest(process))
  const guests = async () => (await processesIn(directory)).filter(isGuest)

  // The daemon of a private host first, so that it starts nothing more.
  if (!record.system) for (const { pid } of await daemons()) await endProcess(pid, 3000)
  const killed = await guests()
  await until('all guests have ended', 60_000, async () => {
    const left = await guests()
    for (const { pid } of left) signal(pid, 'SIGKILL')
    return left.length === 0
  })
  if (record.system) {
    const domains = killed.map(domainOf)
    await until('libvirt has noticed that they ended', 60_000, async () => {
      // Without a daemon nobody has to notice: the next one will.
      const names = await domainNames(record.uri).catch(() => [])
      return !names.some((name) => domains.includes(name))
    })
    for (const { pid } of await daemons()) await endProcess(pid)
  }
  await rm(directory, { recursive: true, force: true })
}

/** Name of the domain that a QEMU runs, as libvirt put it on its command line; '' for one that it only probes. */
export function domainOf({ command }: LabProcess): string {
  return /^guest=([^,]+)/.exec(command[command.indexOf('-name') + 1] ?? '')?.[1] ?? ''
}

/** Takes away what crashed runs left. */
export async function removeLeftovers(log: (line: string) => void): Promise<void> {
  await removeUnnamed()
  for (const lab of await findLabs()) {
    if (lab.alive) continue
    log(`removing what an earlier lab left in ${lab.directory}`)
    await removeLab(lab)
  }
}
