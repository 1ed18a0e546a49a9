import type { HostReport } from '../../lib/fleet/report/host-report.ts'
import type { FleetView } from '../../lib/fleet/view/fleet-view.ts'
import { Random } from '../../lib/util/random.ts'
import { viewOf } from '../../test/support/fleet/fleets.ts'

/** Hosts by guests. */
export interface FleetSize {
  readonly hosts: number
  readonly guests: number
}

/** What guests of a kind need: all hosts but a few have said that they can run it. */
const requirements = 20

/**
 * A made-up fleet: hosts of 32 pCPUs and 256 GiB, half of them in use on average, and one in ten with too much to do; guests of 1
 * to 8 vCPUs and 1 to 12 GiB, of which the hosts run as many as their memory has room for.
 */
export function fleetOf({ hosts, guests }: FleetSize, seed: number): FleetView {
  const random = new Random(seed, 'fleet')
  const perHost = guests / hosts
  return viewOf(
    Array.from({ length: hosts }, (_, row) => {
      const isCrowded = row % 10 === 0
      const answers: Record<string, true | string> = {}
      for (let key = 0; key < requirements; key++) {
        answers[`r${key}`] = random.next() < 0.05 ? 'its CPU model is not known here' : true
      }
      return {
        pcpus: 32,
        budget: 256,
        bandwidth: 1.25e9,
        answers: answers satisfies HostReport['answers'],
        guests: Array.from({ length: perHost }, () => {
          const vcpus = 2 ** random.below(4)
          const mean = isCrowded ? 0.38 : 0.13
          return {
            vcpus,
            demand: vcpus * Math.min(1, mean * (0.4 + 1.2 * random.next())),
            memory: 1 + random.below(9),
            dirtyRate: 1e6 * random.below(200),
            requirement: `r${random.below(requirements)}`,
          }
        }),
      }
    }),
  )
}
