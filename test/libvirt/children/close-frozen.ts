// Closes a host whose daemon is frozen, with calls under way, prints what that took as JSON (see timed.ts), and exits as the
// command line does: `close-frozen URI PID`.
import { connect } from '../../../lib/libvirt/connect.ts'
import { timed } from '../../support/timed.ts'

const [uri = '', pid = ''] = process.argv.slice(2)

const host = await connect(uri)
host.subscribe(() => {})
await host.sampleCpu()
process.kill(Number(pid), 'SIGSTOP')
host.sampleCpu().catch(() => {})
host.domains().catch(() => {})
const result = await timed(() => host.close())
process.stdout.write(JSON.stringify(result), () => process.exit(0))
