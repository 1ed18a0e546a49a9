import { join } from 'node:path'
import { connect } from '../../lib/libvirt/connect.ts'
import type { Load } from '../../lib/simulation/scenario.ts'
import { start } from '../../test/lab/cases/load.ts'
import { Lab } from '../../test/lab/lab.ts'
import { ballast } from '../../test/unit/cli/test-context.ts'

/** What each guest does: together they want one and a half pCPUs. */
const roles: Readonly<Record<string, Load>> = {
  web1: { kind: 'loop', work: 5, sleep: 20 },
  web2: { kind: 'loop', work: 5, sleep: 20 },
  web3: { kind: 'loop', work: 5, sleep: 20 },
  db1: { kind: 'loop', work: 12, sleep: 28 },
  db2: { kind: 'loop', work: 5, sleep: 20 },
  build1: { kind: 'loop', work: 30, sleep: 70 },
  mail1: { kind: 'loop', work: 2, sleep: 38 },
}

/** MiB. */
const memory = { first: 256, most: 768, held: 400, perSecond: 10 }
/** Of a second each. */
const ticks = 120

/** Records guests of the lab that are all on one pCPU, one of which grows, while Ballast balances them; the directory. */
export async function recordLab(directory: string): Promise<string> {
  await using lab = await Lab.up({ log: console.error })
  const guests = await lab.startAll(
    Object.keys(roles).map((name) => ({ name, memoryMiB: memory.first, maximumMiB: memory.most })),
  )
  await start(guests, Object.values(roles))
  await Promise.all(guests.map((guest) => guest.pin('0')))
  const path = join(directory, 'recordings')
  const files = ['--record', path, '--journal', join(directory, 'journal')]
  const run = ballast(['run', '1', '--ticks', `${ticks}`, '--connect', lab.uri, ...files], connect)
  const db = guests.find(({ name }) => name === 'db1')!
  await db.send(`grow ${memory.perSecond} 1 ${memory.held}`)
  const { code, stderr } = await run
  if (code !== 0) throw new Error(stderr)
  return path
}
