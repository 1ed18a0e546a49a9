import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultResult } from '../../cases/faults/fault.ts'
import { until } from '../../processes.ts'
import type { StageOptions } from '../fleet-stage.ts'
import { FleetGround, mover } from './ground.ts'
import { FleetTrial } from './trial.ts'

/** One way to break a fleet, and what is to come of it. */
interface FleetFault {
  readonly name: string
  befall(trial: FleetTrial): Promise<void>
}

const patience = 120_000
const hour = 3_600_000

/** The guest is where it was to go, and nowhere else. */
async function arrives(trial: FleetTrial, wanted: string): Promise<void> {
  const found = await until('it is there', patience, async () => {
    const host = await trial.ground.lab.whereIs(mover)
    return host?.name === wanted && host
  }).catch(() => undefined)
  trial.require(found !== undefined, `the guest did not come to ${wanted}`)
}

/** Begins a migration under a leader, and has `strike` befall it in the middle; it is to arrive all the same. */
function inTheMiddle(name: string, strike: (trial: FleetTrial) => Promise<void>): FleetFault {
  return {
    name,
    async befall(trial) {
      const { ground } = trial
      const { target } = await ground.ends()
      await ground.lead().leads()
      await ground.begin()
      await strike(trial)
      await arrives(trial, target.name)
    },
  }
}

const leaderKilled: FleetFault = {
  name: 'leader killed in the middle of a migration',
  async befall(trial) {
    const { ground } = trial
    const { target } = await ground.ends()
    const first = ground.lead()
    await first.leads()
    const second = ground.lead()
    await ground.begin()
    await first.kill()
    await second.leads()
    await arrives(trial, target.name)
    const told = await ground.stage.tickThat(({ outcomes }) => outcomes.length > 0, 60_000)
    trial.require(told !== undefined, 'the next leader does not know what became of it')
  },
}

const agentKilled = inTheMiddle('agent of the source killed', async (trial) => {
  const { source } = await trial.ground.ends()
  const member = trial.ground.stage.members.get(source)!
  trial.undisturbed = trial.undisturbed.filter((host) => host !== source)
  await member.kill()
  await member.restart()
})

const natsEnded = (how: 'SIGTERM' | 'SIGKILL', name: string) =>
  inTheMiddle(name, async ({ ground: { stage } }) => {
    await stage.nats.end(how)
    await sleep(5_000)
    await stage.nats.restart()
  })

const cutOff = inTheMiddle('a host cut off by a network namespace', async (trial) => {
  const { way } = trial.ground
  trial.figures.cutBy = way.by
  await way.cut(true)
  await sleep(20_000)
  await way.cut(false)
})

const targetDies: FleetFault = {
  name: 'libvirtd of the target killed during a migration',
  async befall(trial) {
    const { ground } = trial
    const { source, target } = await ground.ends()
    trial.undisturbed = [source]
    trial.failures = 1
    await ground.lead().leads()
    await ground.begin()
    await target.daemon.end('SIGKILL')
    const failed = await ground.stage.tickThat(({ outcomes }) => outcomes.length > 0, patience)
    trial.require(failed !== undefined, 'nobody told that it failed')
    trial.require((await ground.lab.whereIs(mover)) === source, 'the guest does not run where it was')
    await target.daemon.start()
    await ground.isOver()
  },
}

const twice: FleetFault = {
  name: 'an order delivered twice',
  async befall(trial) {
    const { ground } = trial
    const { target } = await ground.ends()
    const lease = await until('the lease is free', patience, () =>
      ground.stage.bus.lease({ host: 'a fault', instance: 'a fault' }),
    )
    const order = await ground.order(lease.revision)
    await ground.stage.bus.order(order)
    await ground.stage.bus.order(order)
    await arrives(trial, target.name)
    // Once more when it is over.
    await ground.stage.bus.order(order).catch((error) => ground.log(String(error)))
    await sleep(5_000)
    await ground.stage.bus.release(lease)
  },
}

const twoLeaders: FleetFault = {
  name: 'two that both think they lead',
  async befall(trial) {
    const { ground } = trial
    trial.moves = 0
    const old = await until('the lease is free', patience, () =>
      ground.stage.bus.lease({ host: 'a fault', instance: 'a fault' }),
    )
    const order = await ground.order(old.revision)
    // It does not renew it, and another leads.
    await ground.lead().leads()
    await ground.stage.bus.order(order)
    await ground.isOver()
    const { source } = await ground.ends()
    trial.require(source.uuid === order.host, 'an order under an older lease was carried out')
  },
}

const wrongClock: FleetFault = {
  name: 'a clock an hour off',
  async befall(trial) {
    const { ground } = trial
    const { lab, stage } = ground
    const wrong = lab.host('b')
    const member = stage.members.get(wrong)!
    trial.undisturbed = lab.hosts.filter((host) => host !== wrong)
    trial.moves = 2
    const startAt = async (off: number) => {
      await member.stop()
      await member.restart(off)
    }
    for (const off of [hour, -hour]) {
      const { target } = await ground.ends()
      await startAt(off)
      // And the leader as far off to the other side.
      await ground.lead(-off).leads()
      await ground.begin()
      await arrives(trial, target.name)
      await ground.isOver()
      await ground.endLeaders()
    }
    await startAt(0)
  },
}

export const fleetFaults: readonly FleetFault[] = [
  twice,
  twoLeaders,
  leaderKilled,
  agentKilled,
  natsEnded('SIGTERM', 'nats-server stopped and started'),
  natsEnded('SIGKILL', 'nats-server killed with its data kept'),
  cutOff,
  wrongClock,
  // Last: a guest whose migration failed is not moved again for minutes.
  targetDies,
]

export interface FleetFaultOptions extends StageOptions {
  /** Only faults with one of these in their name. Default: all. */
  readonly only?: readonly string[]
}

/** Breaks a fleet in one way after the other while guests migrate, and tells of each how it went. */
export async function* faultsOfFleet(
  options: FleetFaultOptions,
): AsyncGenerator<FaultResult, void, undefined> {
  const { only = [''], log } = options
  const chosen = fleetFaults.filter(({ name }) => only.some((part) => name.includes(part)))
  if (chosen.length === 0) throw new Error(`No fault has ${only.join(' or ')} in its name`)
  await using ground = await FleetGround.set(options)
  for (const fault of chosen) {
    log(`== ${fault.name}`)
    const trial = await FleetTrial.begin(ground)
    await fault
      .befall(trial)
      .catch((error) => trial.broken.push(error instanceof Error ? error.message : `${error}`))
    yield await trial.end(fault.name)
    await ground.endLeaders()
  }
}
