/**
 * What the thread runs that watches the main one; see `endWhenHung`. As text, since a file would be found by another name
 * in the package than in a checkout; its `workerData` are `WatchdogData`.
 *
 * The time is measured in four parts. A process that was stopped as a whole (SIGSTOP, a frozen machine) misses one when
 * it goes on, and has the others to come back in.
 */
export const watching = `
const { writeSync } = require('node:fs')
const { parentPort, workerData: { heartbeats, limit, farewell } } = require('node:worker_threads')
const parts = 4
const count = new Int32Array(heartbeats)
let seen = Atomics.load(count, 0)
parentPort.postMessage('on watch')
for (let missed = 0; missed < parts; ) {
  Atomics.wait(count, 0, seen, limit / parts)
  const now = Atomics.load(count, 0)
  missed = now === seen ? missed + 1 : 0
  seen = now
}
try {
  writeSync(2, farewell)
} finally {
  process.kill(process.pid, 'SIGABRT')
}
`
