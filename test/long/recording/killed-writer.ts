/**
 * Records a simulated host in the directory that is its argument, as fast as it can, and prints a line for each tick
 * that is on the disk, until it is killed.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { schedulers } from '../../../lib/index.ts'
import { record } from '../../../lib/recording/record.ts'
import { RecordingFiles } from '../../../lib/recording/recording-files.ts'
import { RecordingHost } from '../../../lib/recording/recording-host.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'

const origin = {
  versions: { ballast: 'test', node: process.version },
  uri: 'simulation:///',
  readOnly: false,
}
const directory = process.argv[2]!
const files = new RecordingFiles(directory, origin)
const host = new RecordingHost(simulate(scenarios.A7({ pcpus: 4 })), files)
let size = 0
for await (const tick of record(host, { interval: 1_000, scheduler: schedulers.balance() }, {})) {
  const before = size
  files.flush()
  while (size === before) size = await written()
  console.log(tick.index)
}

/** Bytes in the recording's file; 0 while it is not there. */
async function written(): Promise<number> {
  const [name] = await readdir(directory).catch(() => [])
  return name === undefined ? 0 : (await stat(join(directory, name))).size
}
