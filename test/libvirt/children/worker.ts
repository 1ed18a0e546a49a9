// A worker of workers.ts. Takes samples of a host for as long as it is told to.
import { parentPort, workerData } from 'node:worker_threads'
import { connect } from '../../../lib/libvirt/connect.ts'

const { uri, samples, busy } = workerData as { uri: string; samples: number; busy?: boolean }
const port = parentPort
if (!port) throw new Error('run as a worker')

const host = await connect(uri, { keepAliveSeconds: 0 })
host.subscribe(() => {})
for (let turn = 0; turn < 3; turn++) await Promise.all([host.sampleCpu(), host.sampleMemory()])
port.postMessage('ready')

if (samples === 0) {
  // Until the end of time: the one that is terminated.
  port.once('message', () => {
    host.sampleCpu()
    host.sampleMemory()
    connect(uri)
    port.postMessage('calling')
    // Calls that come back at once: some are inside the addon when the end comes.
    if (busy) for (;;) host.subscribe(() => {})()
  })
} else {
  for (let turn = 0; turn < samples; turn++) {
    const [cpu, memory] = await Promise.all([host.sampleCpu(), host.sampleMemory()])
    if (cpu.domains.length !== 1 || memory.domains.length !== 1) throw new Error('a domain is missing')
  }
  await host.close()
  port.close()
}
