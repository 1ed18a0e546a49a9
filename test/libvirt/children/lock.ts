// Takes the lock of a file, prints `locked` or `busy`, and holds it: `lock PATH HOW`, where HOW is `hold`, `forget` (nobody
// refers to the lock any more, and the garbage is collected), `child` (a child process outlives this one; prints its
// PID too) or `worker` (it is held by a worker that is terminated; prints `ended` then).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { loadNative } from '../../../lib/addon/load-native.ts'

const [path = '', how = ''] = process.argv.slice(2)

const lock = () => (loadNative().lockFile(path) ? 'locked' : 'busy')

if (how === 'worker') {
  const native = new URL('../../../lib/addon/load-native.js', import.meta.url).href
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     import(${JSON.stringify(native)}).then(({ loadNative }) => {
       parentPort.postMessage(loadNative().lockFile(${JSON.stringify(path)}) ? 'locked' : 'busy')
       parentPort.on('message', () => {})
     })`,
    { eval: true },
  )
  const [answer] = await once(worker, 'message')
  console.log(answer, loadNative().lockFile(path) ? 'locked' : 'busy')
  await worker.terminate()
  console.log('ended', loadNative().isFileLocked(path), lock())
} else {
  const answer = lock()
  if (how === 'forget') {
    for (let turn = 0; turn < 10; turn++) {
      globalThis.gc?.()
      await sleep(10) // what was collected is ended later
    }
  }
  const child = how === 'child' ? spawn('sleep', ['60'], { stdio: 'ignore', detached: true }) : undefined
  if (child) await once(child, 'spawn')
  console.log(answer, child?.pid ?? '')
}
setInterval(() => {}, 1_000)
