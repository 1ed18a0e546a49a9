/** The command line as its own process, on the simulated host A1 instead of libvirt; see test/long/cli. */

import { join } from 'node:path'
import { loadNative } from '../../../lib/addon/load-native.ts'
import { hangups, stopSignal } from '../../../lib/cli/controller/signals.ts'
import { notifier } from '../../../lib/cli/controller/systemd.ts'
import { endWhenHung } from '../../../lib/cli/controller/watchdog.ts'
import { endProcess } from '../../../lib/cli/end-process.ts'
import { main } from '../../../lib/cli/program.ts'
import { CpuSet } from '../../../lib/host/cpuset.ts'
import { BallastError } from '../../../lib/host/errors.ts'
import { realClock } from '../../../lib/libvirt/real-clock.ts'
import { schedulerPolicies } from '../../../lib/policies.ts'
import { pin } from '../../../lib/policy/plan.ts'
import { scenarios, simulate } from '../../../lib/simulation/index.ts'
import type { View } from '../../../lib/view/view.ts'
import { withMembers } from './test-context.ts'

const { env, stderr, stdout } = process
const simulated = simulate(scenarios.A1())
// By its own URI a simulated host belongs to its process; by another one it can be shared with others.
const uri = env.TEST_URI ?? simulated.uri
// Every connection is to the same host, so the end of one is not the end of it.
const stays = { close: async () => {}, [Symbol.asyncDispose]: async () => {} }
const host = withMembers(simulated, { uri, ...stays })
let connections = 0
const never = () => new Promise<never>(() => {})
const connect = {
  works: async () => {
    // Only now: by now all files of the program have been read, which another user may not be able to.
    if (env.TEST_UID) {
      const uid = Number(env.TEST_UID)
      process.setgroups?.([uid])
      process.setgid?.(uid)
      process.setuid?.(uid)
    }
    return host
  },
  /** In the time of the machine. */
  real: async () => withMembers(host, { clock: realClock }),
  /** Its time passes as that of the machine does, so that it can be watched. */
  paced: async () => {
    const { clock } = host
    const sleepUntil = async (time: number, signal?: AbortSignal) => {
      await realClock.sleepUntil(realClock.now() + time - clock.now(), signal)
      await clock.sleepUntil(time, signal)
    }
    return withMembers(host, {
      clock: { now: () => clock.now(), wallTime: () => clock.wallTime(), sleepUntil },
    })
  },
  /** After the first tick its clock stands still and hears no signal: a loop that cannot end by itself. */
  hangs: async () => {
    const sleepUntil = (time: number) => (time > 0 ? never() : Promise.resolve())
    return withMembers(host, { clock: { now: () => 0, wallTime: () => 0, sleepUntil } })
  },
  /** Its daemon is gone after two looks, and does not come back. */
  dies: async () => {
    if (connections++ > 0) throw new BallastError('ERR_CONNECTION_FAILED', 'no daemon')
    const lost = () => Promise.reject(new BallastError('ERR_CONNECTION_LOST', 'gone'))
    let samples = 0
    return withMembers(host, {
      clock: realClock,
      sampleCpu: () => (samples++ < 2 ? host.sampleCpu() : lost()),
    })
  },
  /** In the midst of its pins its daemon freezes: no call returns any more, and none closes the connection. */
  freezes: async () => {
    const { clock } = host
    let frozenAt: number | undefined
    const now = () => (frozenAt === undefined ? clock.now() : clock.now() + realClock.now() - frozenAt)
    const frozen = new Proxy(host, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function' || name === 'subscribe') return value
        return (...args: unknown[]) => (frozenAt === undefined ? value.apply(target, args) : never())
      },
    })
    let pins = 0
    return withMembers(frozen, {
      pinVcpu: async (...args) => {
        if (++pins === 3) {
          frozenAt = realClock.now()
          stdout.write('frozen\n')
        }
        return frozen.pinVcpu(...args)
      },
      close: () => (frozenAt === undefined ? Promise.resolve() : never()),
      clock: {
        now,
        wallTime: () => clock.wallTime(),
        sleepUntil: (time, signal) =>
          frozenAt === undefined
            ? clock.sleepUntil(time, signal)
            : realClock.sleepUntil(realClock.now() + time - now(), signal),
      },
    })
  },
  unreachable: () => {
    stdout.write('connecting\n')
    return never()
  },
}[env.TEST_HOST ?? '']
if (!connect) throw new Error(`no host ${env.TEST_HOST}`)
if (env.TEST_POLICY === 'never returns') {
  let calls = 0
  // Its first plan is one, so that something was changed.
  const scheduler = (view: View) => {
    while (calls > 0);
    calls++
    return view.vcpus.map((vcpu) => pin(vcpu, CpuSet.of(1), 'test'))
  }
  Object.assign(schedulerPolicies.balance, { create: () => scheduler })
}
// Keeps the process alive where nothing else does, as a native call would.
setInterval(() => {}, 1000)
const signal = stopSignal(process)
const notify = notifier(env, (socket, state) => loadNative().notify(socket, state))
const context = {
  connect,
  env,
  stdout,
  stderr,
  process,
  signal,
  onHangup: hangups(process),
  lockPlaces: env.TEST_LOCKS
    ? { shared: join(env.TEST_LOCKS, 'shared'), own: join(env.TEST_LOCKS, 'own') }
    : undefined,
  notify,
  // A hung thread is not to be waited for as long as in earnest.
  endWhenHung: () => endWhenHung(2_000),
}
endProcess(process, await main(process.argv.slice(2), context))
