/**
 * Records a simulated host in the directory that is its argument, as fast as it can, and prints a line for each tick
 * that is on the disk, until it is killed.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { schedulers } from '../../../lib/index.ts'
import { Recorder } from '../../../lib/recording/recorder.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'

const directory = process.argv[2]!
const recorder = new Recorder(simulate(scenarios.A7({ pcpus: 4 })), directory)
let size = 0
for await (const tick of recorder.autopilot({ interval: 1_000, scheduler: schedulers.balance() })) {
  const before = size
  recorder.flush()
  while (size === before) size = await written()
  console.log(tick.index)
}

/** Bytes in the recording's file; 0 while it is not there. */
async function written(): Promise<number> {
  const [name] = await readdir(directory).catch(() => [])
  return name === undefined ? 0 : (await stat(join(directory, name))).size
}
