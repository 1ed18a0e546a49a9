// Terminates a worker whose connection is open but has not reached its JS thread, which is busy, while the daemon is
// frozen. Prints whether it ended while the daemon was, and exits: `end-opening URI PID`.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { usage } from './usage.ts'

const [uri = '', pid = ''] = process.argv.slice(2)
const library = new URL('../../../lib/libvirt/connect.js', import.meta.url).href

const worker = new Worker(
  `const { parentPort } = require('node:worker_threads')
   import(${JSON.stringify(library)}).then(async ({ connect }) => {
     await (await connect('test:///default')).close()
     parentPort.postMessage('loaded')
     parentPort.once('message', () => {
       connect(${JSON.stringify(uri)})
       parentPort.postMessage('opening')
       for (;;) {}
     })
   })`,
  { eval: true },
)
await once(worker, 'message')
const { files } = usage()
worker.postMessage('open')
await once(worker, 'message')
// Two for the host and one for memory statistics; then what is registered and asked over them.
for (const limit = Date.now() + 30_000; usage().files < files + 3 && Date.now() < limit; ) await sleep(10)
await sleep(500)
process.kill(Number(pid), 'SIGSTOP')
const ended = worker.terminate().then(() => 'ended')
const outcome = await Promise.race([ended, sleep(30_000).then(() => 'waits')])
process.stdout.write(outcome, () => {
  process.kill(Number(pid), 'SIGCONT')
  process.exit(0)
})
