import type { Scheduler } from '../../../../lib/policy/plan.ts'
import { virsh } from '../../virsh.ts'
import { skipOf } from './domains.ts'
import { type Fault, whileAtWork } from './fault.ts'
import { carousel } from './restless.ts'
import type { Seen } from './run.ts'

/** How many times in a row the policy throws. */
const throws = 3

/** What another program does to the same guests, or a policy to itself. */
export const otherFaults: readonly Fault[] = [
  whileAtWork('foreign pin', async (trial) => {
    const { ground, run, victim, others } = trial
    trial.survivors = others
    const isSkipped = ({ tick }: Seen) => {
      const reason = skipOf(tick, victim)
      return reason?.kind === 'vcpu-pinned-externally' && reason.vcpu === 0 && `${reason.cpus}` === '0-1'
    }
    // One that comes between a look and our own pin cannot be seen: then once more.
    let skipped: Seen | undefined
    for (let attempt = 0; attempt < 4 && !skipped; attempt++) {
      await run.until(() => true, 2)
      await virsh(ground.lab.uri, 'vcpupin', victim.domain, '0', '0-1', '--live')
      skipped = await run.until(isSkipped, 2)
    }
    trial.require(skipped !== undefined, 'it was never skipped')
    await trial.othersGoOn(3)
    const now = await virsh(ground.lab.uri, 'vcpupin', victim.domain)
    trial.require(/^\s*0\s+0-1$/m.test(now), `the foreign pin is gone: ${now}`)
  }),

  whileAtWork('foreign balloon size', async (trial) => {
    const { ground, run, victim } = trial
    for (const size of ['288M', '220M', '288M']) {
      await run.until(() => true, 2)
      await virsh(ground.lab.uri, 'setmem', victim.domain, size, '--live')
    }
    await trial.othersGoOn(3)
  }),

  throwing(),
]

/** The memory is looked after while the scheduler fails, and the scheduler is asked again. */
function throwing(): Fault {
  let left = 0
  const brittle: Scheduler = (view) => {
    if (left === 0) return carousel(view)
    left--
    throw new Error('no idea')
  }
  return whileAtWork(
    'policy that throws',
    async (trial) => {
      left = throws
      let told = 0
      let others = 0
      await trial.run.until(({ tick: { errors, outcomes } }) => {
        if (!errors.some(({ code }) => code === 'ERR_POLICY')) return false
        told++
        trial.require(!outcomes.some(({ action }) => action.kind === 'pin'), 'a vCPU was pinned all the same')
        others += outcomes.filter(({ action }) => action.kind === 'setMemory').length
        return false
      }, throws + 1)
      trial.require(told === throws, `it was told ${told} times of ${throws}`)
      trial.require(others > 0, 'the memory was not looked after meanwhile')
    },
    { scheduler: brittle },
  )
}
