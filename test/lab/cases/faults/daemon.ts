import { setTimeout as sleep } from 'node:timers/promises'
import { BallastError } from '../../../../lib/host/errors.ts'
import { connect } from '../../../../lib/libvirt/connect.ts'
import { Random } from '../../../../lib/util/random.ts'
import { type Fault, type FaultResult, resultOf, type Trial, whileAtWork } from './fault.ts'
import type { Ground } from './ground.ts'
import type { Seen } from './run.ts'

/** Milliseconds to the first action since a bare client, that tries all the time, was served again. */
const longestReturn = 5_000

const breaksDaemon = { breaksDaemon: true }

/** What befalls the libvirtd of the lab. */
export const daemonFaults: readonly Fault[] = [
  ended('libvirtd stopped and started', 'SIGTERM'),
  ended('libvirtd killed and started', 'SIGKILL'),

  whileAtWork(
    'libvirtd frozen and continued',
    async (trial) => {
      const began = trial.run.now
      await trial.daemon.freeze(true)
      try {
        await trial.see('the loss is told', isAway, 8)
        trial.figures.secondsToNotice = seconds(trial.run.now - began)
        await trial.run.until(() => false, 2)
      } finally {
        await trial.daemon.freeze(false)
      }
      await backInTime(trial)
    },
    breaksDaemon,
  ),

  whileAtWork(
    'libvirtd slow',
    async (trial) => {
      const until = trial.run.now + 8_000
      try {
        while (trial.run.now < until) {
          await trial.daemon.freeze(true)
          await sleep(400) // the fault itself: it takes a step only now and then
          await trial.daemon.freeze(false)
          await sleep(100)
        }
      } finally {
        await trial.daemon.freeze(false)
      }
      trial.figures.gaps = trial.run.facts.gaps.length
    },
    breaksDaemon,
  ),

  { name: 'no daemon at open', breaksDaemon: true, befall: noDaemon },
]

/** Killed again and again: control has to be back in time after each return. */
export function killedInARow(times: number): Fault {
  return whileAtWork(
    `libvirtd killed ${times} times in a row`,
    async (trial) => {
      const random = new Random(20, 'libvirtd')
      const returns: number[] = []
      for (let kill = 1; kill <= times; kill++) {
        await sleep(1_000 * random.next()) // so that each kill comes at another moment of a turn
        await trial.daemon.end('SIGKILL')
        await trial.see(`the loss is told, kill ${kill}`, isAway)
        await trial.daemon.start()
        returns.push(await backInTime(trial))
      }
      trial.figures.kills = times
      trial.figures.gaps = trial.run.facts.gaps.length
      trial.figures.secondsToControl = { most: Math.max(...returns), all: returns }
    },
    breaksDaemon,
  )
}

function ended(name: string, how: 'SIGTERM' | 'SIGKILL'): Fault {
  return whileAtWork(
    name,
    async (trial) => {
      const began = trial.run.now
      await trial.daemon.end(how)
      await trial.see('the loss is told', isAway, 3)
      trial.figures.secondsToNotice = seconds(trial.run.now - began)
      await trial.run.until(() => false, 2)
      await trial.daemon.start()
      await backInTime(trial)
    },
    breaksDaemon,
  )
}

/** From now, the daemon's return: seconds until the first action, which may not be more than {@link longestReturn}. */
async function backInTime(trial: Trial): Promise<number> {
  const began = trial.run.now
  const served = trial.ground.control.firstCallAfter(Date.now())
  const beganAt = Date.now()
  const acts = ({ tick }: Seen) => tick.outcomes.some(({ status }) => status === 'applied')
  const seen = await trial.see('an action after the return', acts, 15)
  const took = (seen?.at ?? Number.POSITIVE_INFINITY) - began
  const bare = (await served) - beganAt
  const { timerLate } = await trial.ground.control.between(beganAt, beganAt + Math.min(took, longestReturn))
  const limit = longestReturn + bare + timerLate
  trial.require(
    took <= limit,
    `control was back after ${seconds(took)} s, limit ${seconds(limit)} s: a bare client was after ${seconds(bare)} s`,
  )
  trial.figures.secondsToControl = seconds(took)
  return seconds(took)
}

async function noDaemon({ lab }: Ground, name: string): Promise<FaultResult> {
  const broken: string[] = []
  await lab.daemon.end('SIGTERM')
  try {
    await using _host = await connect(lab.uri)
    broken.push('it connected to no daemon')
  } catch (error) {
    if (!(error instanceof BallastError)) throw error
    if (error.code !== 'ERR_CONNECTION_FAILED') broken.push(`it was told as ${error.code}`)
  } finally {
    await lab.daemon.start()
  }
  await using host = await connect(lab.uri)
  const domains = await host.domains()
  if (domains.length !== (await lab.guests()).length) broken.push('the guests are not all there afterwards')
  return resultOf(name, nothingDone, broken)
}

/** For faults that no controller was at work in. */
export const nothingDone = { figures: { ticks: 0, ticksLost: 0, actions: 0, wrong: [] } }

function isAway({ tick }: Seen): boolean {
  return tick.errors.some(({ code }) => code === 'ERR_DISCONNECTED')
}

function seconds(milliseconds: number): number {
  return Number((milliseconds / 1_000).toFixed(1))
}
