// Closes a host whose daemon is frozen, with calls under way, prints what that took and might take as JSON (see timed.ts), and
// exits as the command line does: `close-frozen URI PID LIMIT`.
import { connect } from '../../../lib/libvirt/connect.ts'
import { timedBesideTimer } from '../../support/timed.ts'

const [uri = '', pid = '', limit = ''] = process.argv.slice(2)

const host = await connect(uri)
host.subscribe(() => {})
await host.sampleCpu()
process.kill(Number(pid), 'SIGSTOP')
host.sampleCpu().catch(() => {})
host.domains().catch(() => {})
const result = await timedBesideTimer(Number(limit), () => host.close())
process.stdout.write(JSON.stringify(result), () => process.exit(0))
