import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { autopilot } from '../../../lib/control/autopilot.ts'
import { ballooningPolicies } from '../../../lib/policies.ts'
import { type Ballooning, setMemory } from '../../../lib/policy/plan.ts'
import { GiB, KiB, MiB } from '../../../lib/util/units.ts'
import { runs } from '../../support/runs.ts'
import { type FakeGuest, FakeHost, guest } from './fake-host.ts'
import { domainOverhead } from './views.ts'

interface Balloon {
  readonly maximum: number
  readonly actual: number
  /** Bytes that its balloon moves in one tick; 0: it refuses. */
  readonly speed: number
  readonly isStuck: boolean
  readonly hasDevice: boolean
  /** What it uses in each tick, as a part of its balloon. */
  readonly uses: readonly number[]
}

const ticks = 8
const interval = 1_000

/** A host whose balloons move slowly or not at all, and on which every guest comes to use what it holds. */
class SlowHost extends FakeHost {
  readonly targets: number[]
  readonly #balloons: readonly Balloon[]
  readonly #memory: number

  constructor(balloons: readonly Balloon[], memory: number) {
    const guests = balloons.map(({ actual, maximum, hasDevice }, i): FakeGuest => {
      const traits = hasDevice ? {} : ({ balloon: 'none' } as const)
      return guest(i + 1, { actual, maximum, rss: actual / 2, traits })
    })
    super(guests, { memory })
    this.targets = balloons.map(({ actual }) => actual)
    this.#balloons = balloons
    this.#memory = memory
    this.pass(0)
  }

  override async setMemory(uuid: string, bytes: number): Promise<void> {
    const index = this.guests.findIndex((one) => one.uuid === uuid)
    if (this.#balloons[index]!.isStuck) return new Promise(() => {})
    this.targets[index] = bytes
  }

  /** One tick goes by. */
  pass(index: number): void {
    for (const [i, one] of this.guests.entries()) {
      const { speed, uses } = this.#balloons[i]!
      const way = this.targets[i]! - one.actual
      one.actual += Math.sign(way) * Math.min(Math.abs(way), speed)
      one.used = Math.floor(one.actual * uses[index % uses.length]!)
      one.rss = Math.min(one.actual, Math.max(one.rss, one.used))
    }
    this.available = Math.max(0, this.#memory - this.guests.reduce((sum, { rss }) => sum + rss, 0))
  }

  /** What all hold or have been promised. */
  get committed(): number {
    return this.guests.reduce(
      (sum, { actual }, i) => sum + Math.max(actual, this.targets[i]!) + domainOverhead,
      0,
    )
  }
}

const mebibytes = (min: number, max: number) => fc.integer({ min, max }).map((mib) => mib * MiB)

const balloon: fc.Arbitrary<Balloon> = fc
  .record({
    maximum: mebibytes(512, 4096),
    part: fc.double({ min: 0.1, max: 1, noNaN: true }),
    speed: fc.oneof(fc.constant(0), mebibytes(16, 512), fc.constant(4 * GiB)),
    isStuck: fc.nat(9).map((one) => one === 0),
    hasDevice: fc.nat(4).map((one) => one > 0),
    uses: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: ticks }),
  })
  .map(({ part, maximum, ...rest }) => ({
    ...rest,
    maximum,
    actual: Math.ceil((part * maximum) / KiB) * KiB,
  }))

/** Policies out of their minds. */
const mad: Record<string, () => Ballooning> = {
  'gives all to all': () => (view) =>
    view.domains.map((one) => setMemory(one, one.memory.maximum ?? GiB, 'mad')),
  'takes all from all': () => (view) => view.domains.map((one) => setMemory(one, 1, 'mad')),
  'turns all round': () => (view) => {
    return view.domains.map((one, i) => {
      const size = (Math.floor(view.time / interval) + i) % 2 === 0 ? 8 * GiB : 64 * MiB
      return setMemory(one, size, 'mad')
    })
  },
}

const known = Object.values(ballooningPolicies).map(({ name, create }) => [name, create] as const)
const policies = { ...Object.fromEntries(known), ...mad }

describe('the host under shortage, with balloons that are slow or refuse', () => {
  it.each(Object.keys(policies))('keeps its reserve, whatever %s does', async (name) => {
    const run = async (balloons: Balloon[], memory: number, hostMemoryReserve: number, reserved: number) => {
      const host = new SlowHost(balloons, memory)
      const pilot = autopilot(host, {
        interval,
        ticks,
        hostMemoryReserve: hostMemoryReserve,
        ballooning: policies[name]!(),
      })
      const room =
        reserved > 0 ? pilot.reserveMemory(reserved, { for: 2.5 * interval }) : Promise.resolve(undefined)
      const roomOrError = room.catch((error: unknown) => error)
      const atFirst = host.committed
      let tick = 0
      for await (const _ of pilot) {
        expect(host.committed).toBeLessThanOrEqual(Math.max(atFirst, memory - hostMemoryReserve))
        host.pass(++tick)
        expect(host.committed).toBeLessThanOrEqual(Math.max(atFirst, memory - hostMemoryReserve))
      }
      await roomOrError
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(balloon, { minLength: 1, maxLength: 5 }),
        mebibytes(2048, 12288),
        mebibytes(0, 1024),
        fc.oneof(fc.constant(0), mebibytes(64, 2048)),
        run,
      ),
      { numRuns: runs(60) },
    )
  })
})
