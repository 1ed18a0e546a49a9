import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { identify } from '../processes.ts'

const name = /^ballast-vm-(\d+)-/

/** For what a VM, or what is sent to one, needs for as long as a process of ours runs; its name says which. */
export function makeRunDirectory(): Promise<string> {
  return mkdtemp(`${tmpdir()}/ballast-vm-${process.pid}-`)
}

/** Removes the directories of processes that ended without doing so; their VMs ended with them. */
export async function removeRunLeftovers(): Promise<void> {
  for (const entry of await readdir(tmpdir())) {
    const maker = name.exec(entry)?.[1]
    if (maker === undefined || (await identify(Number(maker))) !== undefined) continue
    await rm(`${tmpdir()}/${entry}`, { recursive: true, force: true })
  }
}
