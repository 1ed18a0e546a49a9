#!/usr/bin/env node
import { connect } from '../libvirt/connect.ts'
import { endWhenHung } from './deadman.ts'
import { main } from './program.ts'
import { stopSignal } from './stop.ts'

const { env, stderr, stdout } = process
const world = { connect, env, stdout, stderr, signal: stopSignal(process), endWhenHung }
// Not left to run out by itself: a call that hangs on a stuck guest would hold the process.
process.exit(await main(process.argv.slice(2), world))
