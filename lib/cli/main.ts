#!/usr/bin/env node
import { loadNative } from '../addon/load-native.ts'
import { connect } from '../libvirt/connect.ts'
import { logNotice } from './context.ts'
import { hangups, stopSignal } from './controller/signals.ts'
import { notifier } from './controller/systemd.ts'
import { endWhenHung } from './controller/watchdog.ts'
import { endProcess } from './end-process.ts'
import { ExitCode } from './exit-codes.ts'
import { outputFailure, outputOf } from './output.ts'
import { main } from './program.ts'

const { env } = process
const stdout = outputOf(process.stdout)
const stderr = outputOf(process.stderr)
const context = {
  connect,
  env,
  stdout,
  stderr,
  process,
  signal: stopSignal(process, { stdout, stderr }),
  endWhenHung,
  dropFilePages: () => loadNative().dropFilePages(),
  onHangup: hangups(process),
  notify: notifier(env, (socket, state) => loadNative().notify(socket, state)),
}
const code = await main(process.argv.slice(2), context)
const failure = outputFailure([stdout, stderr])
if (failure) logNotice({ stderr }, `cannot write all of the output: ${failure.message}`)
// Not left to run out by itself: a call that hangs on a stuck guest would hold the process.
endProcess(process, failure && code === ExitCode.fine ? ExitCode.failed : code)
