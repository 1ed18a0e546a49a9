#!/usr/bin/env node
import { loadNative } from '../addon/load-native.ts'
import { connect } from '../libvirt/connect.ts'
import { hangups, stopSignal } from './controller/signals.ts'
import { notifier } from './controller/systemd.ts'
import { endWhenHung } from './controller/watchdog.ts'
import { endProcess } from './end-process.ts'
import { main } from './program.ts'

const { env, stderr, stdout } = process
const context = {
  connect,
  env,
  stdout,
  stderr,
  process,
  signal: stopSignal(process),
  endWhenHung,
  dropFilePages: () => loadNative().dropFilePages(),
  onHangup: hangups(process),
  notify: notifier(env, (socket, state) => loadNative().notify(socket, state)),
}
// Not left to run out by itself: a call that hangs on a stuck guest would hold the process.
endProcess(process, await main(process.argv.slice(2), context))
