import { randomUUID } from 'node:crypto'
import type { Tick } from '../../../../lib/control/tick.ts'
import type { SkipReason } from '../../../../lib/policy/reasons/skip.ts'
import type { Guest } from '../../guest.ts'
import { virsh } from '../../virsh.ts'
import { type Fault, type Trial, whileAtWork } from './fault.ts'
import { gone } from './qemu.ts'
import { guestMiB } from './restless.ts'

/** What befalls a domain by way of libvirt. */
export const domainFaults: readonly Fault[] = [
  whileAtWork('domain destroyed between list and action', async (trial) => {
    trial.survivors = trial.others
    await Promise.all([failedPin(trial), atPinOfVictim(trial, (end) => end())])
    await gone(trial)
    await trial.othersGoOn(2)
  }),

  whileAtWork('domain destroyed and another started under its name', async (trial) => {
    const { ground, victim, others } = trial
    let next: Guest | undefined
    const restart = atPinOfVictim(trial, async (end) => {
      await end()
      next = await ground.lab.launch({ ...ground.definition(victim.name), uuid: randomUUID() })
    })
    await Promise.all([failedPin(trial), restart])
    await next!.ready()
    trial.survivors = [...others, next!]
  }),

  whileAtWork('domain destroyed and started again', async (trial) => {
    const { ground, run, victim, others } = trial
    const identity = await identityOf(trial)
    await run.until(() => true, 2)
    await end(trial, identity)
    const next = await ground.lab.launch({ ...ground.definition(victim.name), uuid: identity.uuid })
    await next.ready()
    trial.survivors = [...others, next]
  }),

  whileAtWork('guest paused and resumed', async (trial) => {
    const { ground, run, victim } = trial
    const { uuid } = await identityOf(trial)
    await virsh(ground.lab.uri, 'suspend', victim.domain)
    const pause: { uuid: string; from: number; until: number | undefined } = {
      uuid,
      from: run.now,
      until: undefined,
    }
    run.facts.paused.push(pause)
    await trial.see('it is skipped', ({ tick }) => skipOf(tick, victim)?.kind === 'paused', 3)
    await trial.othersGoOn(3)
    pause.until = run.now
    await virsh(ground.lab.uri, 'resume', victim.domain)
  }),

  whileAtWork('vCPU plugged in and out', async (trial) => {
    const { ground, victim, others } = trial
    // Some QEMUs do not live through it under software emulation: then it is a guest that crashed.
    trial.figures.pluggedIn = await virsh(ground.lab.uri, 'setvcpus', victim.domain, '2', '--live').then(
      () => true,
      () => false,
    )
    if (!trial.figures.pluggedIn) {
      trial.survivors = others
      return
    }
    const pinned =
      (vcpu: number) =>
      ({ outcomes }: Tick) =>
        outcomes.some(({ action, status }) => {
          return (
            action.kind === 'pin' &&
            action.domain === victim.domain &&
            action.vcpu === vcpu &&
            status === 'applied'
          )
        })
    await trial.see('the new vCPU is pinned', ({ tick }) => pinned(1)(tick))
    trial.figures.pluggedOut = await virsh(ground.lab.uri, 'setvcpus', victim.domain, '1', '--live').then(
      () => true,
      () => false, // the guest does not let go of it: then it stays, and is pinned on
    )
    await trial.see('the first vCPU is pinned on', ({ tick }) => pinned(0)(tick))
    await trial.othersGoOn(2)
  }),

  whileAtWork('memory maximum changed', async (trial) => {
    const { ground, victim } = trial
    const size = `${guestMiB + 32}M`
    trial.figures.allowed = await virsh(ground.lab.uri, 'setmaxmem', victim.domain, size, '--live').then(
      () => true,
      () => false, // QEMU's driver lets a running guest keep its maximum
    )
    await trial.othersGoOn(2)
  }),
]

/** Does this once, when the victim is about to be pinned: it has been listed, and not changed yet. */
async function atPinOfVictim(
  trial: Trial,
  befall: (end: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const identity = await identityOf(trial)
  await new Promise<void>((resolve, reject) => {
    trial.run.tap.beforeChange = async ({ kind, uuid }) => {
      if (kind !== 'pin' || uuid !== identity.uuid) return
      trial.run.tap.beforeChange = undefined
      await befall(() => end(trial, identity)).then(resolve, reject)
    }
  })
}

async function end({ run, victim }: Trial, identity: { uuid: string; id: number }): Promise<void> {
  await victim.destroy()
  run.facts.ended.push({ ...identity, at: run.now })
}

async function identityOf({ ground, victim }: Trial): Promise<{ uuid: string; id: number }> {
  const { uri } = ground.lab
  return {
    uuid: await virsh(uri, 'domuuid', victim.domain),
    id: Number(await virsh(uri, 'domid', victim.domain)),
  }
}

/** Waits for the tick that tells of it. To destroy a domain takes about as long as the actuator waits for a call. */
function failedPin(trial: Trial): Promise<unknown> {
  const failures = ['ERR_NO_DOMAIN', 'ERR_TIMEOUT']
  return trial.see(
    'the pin is told to have failed',
    ({ tick: { outcomes } }) =>
      outcomes.some(
        ({ action, error }) => action.domain === trial.victim.domain && failures.includes(error?.code ?? ''),
      ),
    4,
  )
}

/** Why the vCPUs of a guest are skipped; undefined: they are not. */
export function skipOf({ skipped }: Tick, { domain }: Guest): SkipReason | undefined {
  return skipped.find((one) => one.domain === domain && one.what === 'vcpus')?.reason
}
