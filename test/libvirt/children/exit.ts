// Ends in one of many ways with connections open and calls under way: `exit URI HOW`.
import { connect } from '../../../lib/libvirt/connect.ts'

const [uri = '', how = ''] = process.argv.slice(2)

const host = await connect(uri)
host.subscribe(() => {})
await host.sampleCpu()
await host.sampleMemory()

const calls = () => {
  for (const call of [host.sampleCpu(), host.sampleMemory(), host.domains(), connect(uri)]) {
    call.then(
      () => {},
      () => {},
    )
  }
}

switch (how) {
  case 'forgotten':
    break
  case 'forgotten, calls under way':
    calls()
    break
  case 'exit, calls under way':
    calls()
    process.exit(0)
    break
  case 'exception, calls under way':
    calls()
    throw new Error('on purpose')
  case 'closed':
    await host.close()
    break
  case 'closing':
    calls()
    host.close()
    break
  default:
    throw new Error(`no such way to end: ${how}`)
}
