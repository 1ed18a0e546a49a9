/**
 * Records a simulated host in the directory that is its argument, as fast as it can, and prints a line for each tick
 * that is on the disk, until it is killed.
 */
import { schedulers } from '../../../lib/index.ts'
import { readRecordings } from '../../../lib/recording/read-recording.ts'
import { Recorder } from '../../../lib/recording/recorder.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'

// Without who would kill it, it ends by itself.
process.stdin.resume().once('close', () => process.exit())

const directory = process.argv[2]!
const recorder = new Recorder(simulate(scenarios.A7({ pcpus: 4 })), directory)
for await (const tick of recorder.autopilot({ interval: 1_000, scheduler: schedulers.balance() })) {
  recorder.flush()
  while ((await ticksOnDisk()) <= tick.index);
  console.log(tick.index)
}

/** Whole ticks that a reader finds by now. */
async function ticksOnDisk(): Promise<number> {
  // There is no file yet, or not its first line.
  const [recording] = await readRecordings(directory).catch(() => [])
  let ticks = 0
  for await (const entry of recording?.entries ?? []) if ('tick' in entry) ticks++
  return ticks
}
