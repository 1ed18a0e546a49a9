// Opens and leaves connections, closed and forgotten by turns, and prints, as JSON, what the process holds after
// each sixteenth of them once all is quiet, and in the end when nobody has anything to do: `connections URI COUNT`.
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../../lib/libvirt/connect.ts'
import { type Usage, usage } from './usage.ts'

const [uri = '', count = ''] = process.argv.slice(2)

const useAndClose = async () => {
  const host = await connect(uri)
  host.subscribe(() => {})
  await host.sampleCpu()
  await host.close()
}
// Somebody who still listens keeps it; nobody does.
const useAndForget = async () => {
  const host = await connect(uri)
  const stopListening = host.subscribe(() => {})
  await host.sampleCpu()
  stopListening()
}

// One that stays, and with it what the process keeps as long as there is any.
const lasting = await connect(uri)
const before = usage()
const after: Usage[] = []
for (let turn = 1; turn <= Number(count); turn++) {
  await (turn % 2 === 0 ? useAndClose() : useAndForget())
  if (turn % (Number(count) / 16) !== 0) continue
  // Collected ones close in threads of their own.
  const limit = Date.now() + 30_000
  while (usage().files > before.files && Date.now() < limit) await sleep(20)
  after.push(usage())
  if (usage().files > before.files) break
}
// Connections that are collected together close in threads of their own, which end when they have been idle for a while.
const limit = Date.now() + 60_000
while (usage().threads > after[0]!.threads && Date.now() < limit) await sleep(100)
const atRest = usage()
await lasting.close()
console.log(JSON.stringify({ before, after, atRest }))
