import { mom as momRules, proxmox, shares } from '../../lib/ballooning/index.ts'
import type { AutopilotOptions } from '../../lib/control/autopilot.ts'
import { balance, lpt, oneMove } from '../../lib/schedulers/index.ts'
import type { Stage } from '../../test/lab/cases/case.ts'
import type { Guest } from '../../test/lab/guest.ts'
import { usageBased } from '../arena/usage-based.ts'
import { momd, momdUnavailable } from './momd.ts'
import { numad, numadUnavailable } from './numad.ts'

/** What manages the guests of a lab while they are watched. */
export interface Peer {
  readonly name: string
  /** For people. */
  readonly title: string
  /** Why it cannot be had on this machine, in one line. Default: it can. */
  readonly unavailable?: () => string | undefined
  /** Begins to manage these guests; it ends with what is given. */
  readonly begin: (stage: Stage, guests: readonly Guest[]) => Promise<AsyncDisposable>
}

/** Milliseconds between the ticks of Ballast and of what runs as its policy: the default of `ballast run`. */
const interval = 2_000

/** Nothing but the kernel's own scheduler, or balloons that stay as they are. */
const nothing: Peer = { name: 'kernel', title: 'the kernel alone', begin: async () => idle }

/** Those that place vCPUs; Ballast is the last. */
export const cpuPeers: readonly Peer[] = [
  nothing,
  { name: 'numad', title: 'numad', unavailable: numadUnavailable, begin: numad },
  policy('usage', 'what the classic solutions do', { scheduler: usageBased }),
  policy('one-move', 'a move a tick, from the fullest pCPU', { scheduler: oneMove() }),
  policy('lpt', 'placed anew, the heaviest first', { scheduler: lpt() }),
  policy('ballast', 'Ballast', { scheduler: balance() }),
]

/** Those that size balloons; Ballast is the last. */
export const memoryPeers: readonly Peer[] = [
  nothing,
  { name: 'mom', title: 'oVirt MOM', unavailable: momdUnavailable, begin: momd },
  policy('mom-rules', "MOM's rules in Ballast's loop", { ballooning: momRules() }),
  policy('proxmox', "Proxmox's rule in Ballast's loop", { ballooning: proxmox() }),
  policy('ballast', 'Ballast', { ballooning: shares() }),
]

const idle: AsyncDisposable = { async [Symbol.asyncDispose]() {} }

function policy(
  name: string,
  title: string,
  policies: Pick<AutopilotOptions, 'scheduler' | 'ballooning'>,
): Peer {
  return {
    name,
    title,
    async begin(stage) {
      const stop = new AbortController()
      const ticks = stage.pilot({ interval, ...policies, signal: stop.signal })
      const running = drain(ticks)
      return {
        async [Symbol.asyncDispose]() {
          stop.abort()
          await running
        },
      }
    },
  }
}

async function drain(ticks: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of ticks);
}
