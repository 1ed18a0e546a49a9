/**
 * Prints samples for `control-measurement.ts`, a line of JSON each, until its standard input ends: how late a timer
 * came, and how long a connection of its own took for a list of the domains.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Host } from '../../lib/host/host.ts'
import { connect } from '../../lib/libvirt/connect.ts'
import type { ControlSample } from './control-measurement.ts'

/** Milliseconds between timers and between calls. */
const pause = { timer: 25, call: 250 }
/** Timers of which the latest is one sample. */
const timersPerSample = 10

const [uri = ''] = process.argv.slice(2)
process.stdin.resume().on('end', () => process.exit())

/** Milliseconds since the epoch, by a clock that is never set. */
const now = () => performance.timeOrigin + performance.now()
const print = (sample: ControlSample) => process.stdout.write(`${JSON.stringify(sample)}\n`)

async function sampleTimers(): Promise<never> {
  for (;;) {
    const from = now()
    let milliseconds = 0
    for (let i = 0; i < timersPerSample; i++) {
      const began = now()
      await sleep(pause.timer)
      milliseconds = Math.max(milliseconds, now() - began - pause.timer)
    }
    print({ kind: 'timer', from, to: now(), milliseconds })
  }
}

async function sampleCalls(): Promise<never> {
  let host: Host | undefined
  for (;;) {
    const from = now()
    try {
      host ??= await connect(uri, { keepAliveSeconds: 1, keepAliveCount: 3 })
      await host.domains()
      const to = now()
      print({ kind: 'call', from, to, milliseconds: to - from })
    } catch {
      // The daemon is away: the next successful call tells when it was back.
      await host?.close().catch(() => undefined)
      host = undefined
    }
    await sleep(pause.call)
  }
}

await Promise.all([sampleTimers(), sampleCalls()])
