/** The command line with a scheduler that never returns. */

import { hangups, stopSignal } from '../../../../lib/cli/controller/signals.ts'
import { endWhenHung } from '../../../../lib/cli/controller/watchdog.ts'
import { main } from '../../../../lib/cli/program.ts'
import { connect } from '../../../../lib/libvirt/connect.ts'
import { schedulerPolicies } from '../../../../lib/policies.ts'

Object.assign(schedulerPolicies.balance, {
  create: () => () => {
    for (;;);
  },
})
const { env, stderr, stdout } = process
const world = {
  connect,
  env,
  stdout,
  stderr,
  signal: stopSignal(process),
  onHangup: hangups(process),
  // Nobody has to wait as long as in earnest.
  endWhenHung: () => endWhenHung(5_000),
}
process.exit(await main(process.argv.slice(2), world))
