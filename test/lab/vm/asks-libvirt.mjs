// Runs on the host in the VM: balances as `ballast cpu` does, but reads nothing beside libvirt, as on a remote host.
import {
  autopilot,
  connect,
  memoryJournal,
  restore,
  schedulers,
  tickJson,
} from '/usr/lib/node_modules/ballast/dist/index.js'

const over = new AbortController()
process.once('SIGTERM', () => over.abort())
const host = await connect('qemu:///system', { cpuSource: 'libvirt', callDeadline: 60_000 })
const journal = memoryJournal()
const options = { interval: 2_000, scheduler: schedulers.balance(), journal, signal: over.signal }
for await (const tick of autopilot(host, options)) console.log(tickJson(tick))
const { restored, notRestored } = await restore(host, journal)
console.error(`restored: ${restored.length}, not restored: ${notRestored.length}`)
await host.close()
