import { chmod, chown, rm, writeFile } from 'node:fs/promises'
import { autopilot } from '../../../../lib/control/autopilot.ts'
import { BallastError } from '../../../../lib/host/errors.ts'
import { connect } from '../../../../lib/libvirt/connect.ts'
import { labUser } from '../../daemon.ts'
import { Command, type Ending } from './cli.ts'
import { nothingDone } from './daemon.ts'
import { type Fault, interval, resultOf } from './fault.ts'
import type { Ground } from './ground.ts'
import { harmSince, healthOf } from './harm.ts'
import { carousel, seesaw } from './restless.ts'
import { changedSince, settingsAtRest } from './settings.ts'

/** Neither root nor the user that the lab's daemon belongs to, and in no group of libvirt's. */
const stranger = 65_432
/** Only root can become somebody else. */
const isRoot = process.getuid?.() === 0

/** What ends with a clear error, and without a change to any guest. */
export const refusals: readonly Fault[] = [
  refusal('read-only connection', async ({ lab, options }) => {
    await using host = await connect(lab.uri, { readOnly: true })
    for await (const { errors, view } of autopilot(host, { interval, ticks: 2 })) {
      if (errors.length > 0 || view.domains.length === 0) return ['it cannot look']
    }
    const policies = options.off ? {} : { scheduler: carousel, ballooning: seesaw }
    const code = await codeOf(async () => {
      for await (const _ of autopilot(host, { interval, ...policies, ticks: 3 }));
    })
    const [domain] = await host.domains()
    const pinned = await codeOf(() => domain!.pinVcpu(0, host.topology.online))
    return [code, pinned].flatMap((one) => (one === 'ERR_PERMISSION_DENIED' ? [] : [`it was told ${one}`]))
  }),

  refusal('second controller', async (ground) => {
    const journal = `${ground.lab.directory}/shared-journal`
    const run = () => new Command(ground, ['cpu', '1', '--json', '--journal', journal])
    const first = run()
    await first.begun
    const second = await run().ended
    const refused = isRefusal(second, 5, `is held by pid ${first.pid}`)
    await first.kill()
    // What a crash left is in nobody's way.
    const third = run()
    await third.begun
    const { code } = await third.stop()
    await new Command(ground, ['restore', '--journal', journal]).ended
    return [
      ...refused,
      ...(code === 0 ? [] : [`the next one ended with ${code}: ${(await third.ended).stderr}`]),
    ]
  }),

  refusal('journal that others could write', async (ground) => {
    const path = `${ground.lab.directory}/open-journal`
    await writeFile(path, '')
    await chmod(path, 0o666)
    const open = await endingOf(ground, path)
    await chmod(path, 0o600)
    const user = await labUser()
    if (isRoot && user) await chown(path, user.uid, user.gid)
    const foreign = isRoot ? await endingOf(ground, path) : undefined
    await rm(path, { force: true })
    return [
      ...isRefusal(open, 1, 'can write the journal'),
      ...(foreign ? isRefusal(foreign, 1, 'belongs to another user') : []),
    ]
  }),

  ...(isRoot ? [userWithoutRights()] : []),

  refusal('policy that never returns', async (ground) => {
    const program = ground.options.off ? undefined : 'test/lab/cases/faults/never-returns.ts'
    const command = new Command(ground, ['cpu', '1', '--ticks', '3', '--no-restore'], program)
    return isRefusal(await command.ended, null, 'as by a policy that never returns: ended')
  }),
]

function userWithoutRights(): Fault {
  return refusal('user without rights', async (ground) => {
    const journal = ['--journal', '/var/tmp/ballast-stranger/journal']
    const program = 'test/libvirt/children/unprivileged.ts'
    const command = new Command(ground, ['run', '1', '--ticks', '3', ...journal], program, [`${stranger}`])
    return isRefusal(await command.ended, 4, 'Permission denied')
  })
}

/** A fault that has to end with an error: `befall` gives what went wrong otherwise. */
function refusal(name: string, befall: (ground: Ground) => Promise<string[]>): Fault {
  return {
    name,
    async befall(ground) {
      const guests = await ground.guests()
      const health = await healthOf(guests)
      await Promise.all(guests.map((guest) => guest.pin('0')))
      const before = await settingsAtRest(ground.lab.uri, guests)
      const broken = await befall(ground)
      broken.push(...(await changedSince(before, ground.lab.uri, guests)), ...(await harmSince(health)))
      return resultOf(name, nothingDone, broken)
    },
  }
}

/** Runs a controller with this journal until it gives up. */
async function endingOf(ground: Ground, journal: string): Promise<Ending> {
  const command = new Command(ground, ['cpu', '1', '--ticks', '6', '--journal', journal])
  return command.ended
}

function isRefusal({ code, stderr }: Ending, expected: number | null, words: string): string[] {
  if (code === expected && stderr.includes(words)) return []
  return [`it ended with ${code}, saying: ${stderr}`]
}

async function codeOf(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt()
    return 'nothing'
  } catch (error) {
    if (error instanceof BallastError) return error.code
    throw error
  }
}
