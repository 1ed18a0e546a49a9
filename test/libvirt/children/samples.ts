// Takes 10,000 samples and prints, as JSON, what the process holds after each thousand: `samples URI`.
import { connect } from '../../../lib/libvirt/connect.ts'
import { usage } from './usage.ts'

const [uri = ''] = process.argv.slice(2)
const host = await connect(uri)
const after = []
for (let turn = 1; turn <= 10_000; turn++) {
  await host.sampleCpu()
  // Memory is sampled more rarely in use as well.
  if (turn % 5 === 0) await host.sampleMemory()
  if (turn % 1_000 === 0) after.push(usage())
}
await host.close()
console.log(JSON.stringify(after))
