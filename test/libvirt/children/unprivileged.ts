/** The command line, which connects as another user: `unprivileged UID ARGUMENTS`. */

import type { CliContext } from '../../../lib/cli/context.ts'
import { hangups, stopSignal } from '../../../lib/cli/controller/signals.ts'
import { main } from '../../../lib/cli/program.ts'
import { connect } from '../../../lib/libvirt/connect.ts'

const { env, stderr, stdout } = process
const [uid, ...args] = process.argv.slice(2)
const connectAs: CliContext['connect'] = (uri, options) => {
  // Only now: by now all files of the program have been read, which the other user may not be able to.
  if (process.getuid?.() === 0) {
    process.setgroups?.([])
    process.setgid?.(Number(uid))
    process.setuid?.(Number(uid))
  }
  return connect(uri, options)
}
await (await connect('test:///default')).close()
const world = {
  connect: connectAs,
  env,
  stdout,
  stderr,
  signal: stopSignal(process),
  onHangup: hangups(process),
}
process.exit(await main(args, world))
