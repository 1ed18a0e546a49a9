// Closes a host whose daemon is frozen, with calls under way, prints the milliseconds that took, and exits as the command
// line does: `close-frozen URI PID`.
import { connect } from '../../../lib/libvirt/connect.ts'

const [uri = '', pid = ''] = process.argv.slice(2)

const host = await connect(uri)
host.subscribe(() => {})
await host.sampleCpu()
process.kill(Number(pid), 'SIGSTOP')
host.sampleCpu().catch(() => {})
host.domains().catch(() => {})
const begun = Date.now()
await host.close()
process.stdout.write(`${Date.now() - begun}`, () => process.exit(0))
