// Twenty times: two workers use the addon at once, and one is terminated while its calls are under way. Prints, as JSON, what
// the process holds after each round: `workers URI [DAEMON-URI PID]`. With a daemon, which is frozen meanwhile, the terminated
// worker's calls are sure not to have returned.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { usage } from './usage.ts'

const [uri = '', daemonUri = uri, pid] = process.argv.slice(2)
const tellDaemon = (signal: NodeJS.Signals) => pid && process.kill(Number(pid), signal)

const start = async (data: { uri: string; samples: number; busy?: boolean }) => {
  const worker = new Worker(new URL('worker.js', import.meta.url), { workerData: data })
  const ended = once(worker, 'exit')
  await once(worker, 'message')
  return { worker, ended }
}

const before = usage()
const after = []
for (let round = 0; round < 20; round++) {
  const [survivor, victim] = await Promise.all([
    start({ uri, samples: 100 }),
    start({ uri: daemonUri, samples: 0, busy: round % 2 === 1 }),
  ])
  tellDaemon('SIGSTOP')
  victim.worker.postMessage('call')
  await once(victim.worker, 'message')
  await victim.worker.terminate()
  const [code] = await survivor.ended
  if (code !== 0) throw new Error(`the surviving worker ended with ${code}`)
  tellDaemon('SIGCONT')
  after.push(usage())
}

// Threads that have nothing to do any more end by themselves within seconds. There to stay: libvirt's event
// loop, and the four threads that Node keeps for files.
const staying = 5
const limit = Date.now() + 60_000
while (usage().threads > before.threads + staying && Date.now() < limit) await sleep(100)
console.log(JSON.stringify({ before, after, atRest: usage() }))
