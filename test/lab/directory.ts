import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { identify, isAlive, isCode, type ProcessIdentity } from './processes.ts'

/** Short, since socket paths end at 107 characters, on disk, since guests may swap, and open to every user. */
const parent = '/var/tmp'

/** What a lab writes down about itself, for the processes that come after. */
export interface LabRecord {
  /** On `qemu:///system` rather than on a host of its own. */
  readonly system: boolean
  readonly uri: string
  /** The lab is a leftover when this process is gone: who runs it, or its daemon once it is kept. */
  readonly keeper: ProcessIdentity
  /** It outlives the process that started it, until `down`. */
  readonly kept: boolean
}

/** A lab that is there, and its directory. */
export interface LabFound {
  readonly directory: string
  readonly record: LabRecord
  /** Somebody keeps it: it is no leftover. */
  readonly alive: boolean
}

let made = 0

/** Makes a lab's directory with its record in it, both at once: nobody ever sees one without the other. */
export async function makeDirectory(record: LabRecord): Promise<string> {
  const directory = `${parent}/ballast-lab-${process.pid}-${made++}`
  const unnamed = `${directory}.new`
  await mkdir(unnamed, { mode: 0o711 })
  await writeRecord(unnamed, record)
  await rename(unnamed, directory)
  return directory
}

export async function writeRecord(directory: string, record: LabRecord): Promise<void> {
  const path = `${directory}/lab.json`
  await writeFile(`${path}.new`, JSON.stringify(record))
  await rename(`${path}.new`, path)
}

/** Every lab of this user, the leftovers too. */
export async function findLabs(): Promise<LabFound[]> {
  const found: LabFound[] = []
  for (const name of await readdir(parent)) {
    const directory = `${parent}/${name}`
    if (!/^ballast-lab-\d+-\d+$/.test(name) || !(await isOurs(directory))) continue
    const record = await readRecord(directory)
    if (record) found.push({ directory, record, alive: await isAlive(record.keeper) })
  }
  return found
}

/** Takes away directories whose maker died before they had a name. */
export async function removeUnnamed(): Promise<void> {
  for (const name of await readdir(parent)) {
    const maker = /^ballast-lab-(\d+)-\d+\.new$/.exec(name)?.[1]
    if (maker === undefined || (await identify(Number(maker))) !== undefined) continue
    if (await isOurs(`${parent}/${name}`)) await rm(`${parent}/${name}`, { recursive: true, force: true })
  }
}

/** Anybody may make directories there: only our own are believed. */
async function isOurs(directory: string): Promise<boolean> {
  try {
    return (await stat(directory)).uid === process.getuid?.()
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Undefined when another process is just taking the lab away. */
async function readRecord(directory: string): Promise<LabRecord | undefined> {
  try {
    return JSON.parse(await readFile(`${directory}/lab.json`, 'utf8')) as LabRecord
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}
