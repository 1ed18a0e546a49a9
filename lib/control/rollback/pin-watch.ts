import { isSameRun } from '../../host/sample.ts'
import { type PinAction, pin } from '../../policy/plan.ts'
import type { RollbackReason } from '../../policy/reasons/rollback.ts'
import { placeOf } from '../../view/cpu/placement.ts'
import { VcpuMap } from '../../view/vcpu-map.ts'
import type { VcpuView, View } from '../../view/view.ts'
import type { Quarantine } from '../ledger/quarantine.ts'
import type { Outcome } from '../tick.ts'
import { type DelaySample, delaySample } from './delay-sample.ts'
import { keyOf, type PinRound, roundOf } from './pin-round.ts'

/** Samples after a round of pins in each of which a vCPU has to wait too long. */
const enough = 3
/**
 * Part of the time that a vCPU may wait beyond what was expected and what was so before. Delays of steady guests vary by
 * up to 10 points from sample to sample on a real host, and less is not worth another round of pins.
 */
const margin = 0.15
/** Those who use so much more of a pCPU than they wanted before want more: it is not the pins that others wait for. */
const changed = { floor: 0.05, share: 0.15 }

/** What a vCPU did on the pCPU that it is on since it was first seen there. */
interface Stay {
  readonly place: number
  samples: number
  /** The least of any sample, as a fraction of the time. */
  delay: number
  /** The sum of all samples, as fractions of the pCPU. */
  usage: number
}

/** What there is to undo, and why. */
export interface PinRollback {
  readonly pins: readonly PinAction[]
  readonly reason: RollbackReason
}

/**
 * Watches what a round of pins does to the vCPUs on the pCPUs that it pinned to. When one of them has to wait, sample after
 * sample, clearly longer than the worst-served one did before and than the plan lets expect, and nobody there
 * wants more than before, the round is to be undone. What follows from a plan as it could be foreseen is the policy's own
 * will, and is left to it. Pins that follow before a round is judged belong to it.
 */
export class PinWatch {
  readonly #quarantine: Quarantine
  #round: PinRound | undefined
  #samples = 0
  readonly #stays = new VcpuMap<Stay>()
  /** Delays in the last Views, the oldest first. */
  #delays: readonly DelaySample[] = []

  constructor(quarantine: Quarantine) {
    this.#quarantine = quarantine
  }

  /** What is seen next does not continue what was. */
  interrupt(): void {
    this.#watch(undefined)
    this.#delays = []
  }

  /** Takes in a View with a CPU sample of its own. */
  observe(view: View): void {
    this.#delays = [...this.#delays.slice(1 - enough), delaySample(view)]
    const cpus = this.#round?.cpus
    if (!cpus) return
    this.#samples++
    for (const vcpu of view.vcpus) {
      const place = placeOf(vcpu)
      if (place === undefined || !cpus.has(place)) this.#stays.delete(vcpu.domain.uuid, vcpu.vcpu)
      else this.#note(vcpu, place)
    }
  }

  /** What is to be undone now; undefined: nothing. */
  due(view: View): PinRollback | undefined {
    const round = this.#round
    if (!round || this.#samples < enough) return undefined
    const reason = this.#verdict(round, view)
    const pins =
      reason === undefined
        ? []
        : view.vcpus.flatMap((vcpu) => {
            const moved = round.moved.get(keyOf(vcpu))
            const isThere = moved && isSameRun(moved, vcpu.domain) && vcpu.affinity?.equals(moved.pin.cpus)
            return isThere ? [pin(vcpu, moved.from, reason)] : []
          })
    if (reason !== undefined && pins.length > 0) return { pins, reason }
    this.#watch(undefined)
    return undefined
  }

  /** What was due was carried out, as far as it could be. */
  undone({ time }: View): void {
    for (const moved of this.#round?.moved.values() ?? []) this.#quarantine.pinHurt(moved.pin, moved, time)
    this.#watch(undefined)
  }

  /** After a tick in which `view` was seen. */
  acted(view: View, outcomes: readonly Outcome[]): void {
    const applied = outcomes.filter(({ status }) => status === 'applied').map(({ action }) => action)
    const pins = applied.filter((action) => action.kind === 'pin')
    // Who weighs something else than when it was planned waits for that.
    if (applied.some(({ kind }) => kind === 'setShares')) this.#watch(undefined)
    else if (pins.length > 0) this.#watch(roundOf(pins, view, this.#delays, this.#round))
  }

  #watch(round: PinRound | undefined): void {
    this.#round = round
    this.#samples = 0
    this.#stays.clear()
  }

  #note(vcpu: VcpuView, place: number): void {
    const { usage = Number.NaN, delay = Number.NaN } = vcpu
    const stay = this.#stays.get(vcpu.domain.uuid, vcpu.vcpu)
    if (stay?.place !== place) {
      this.#stays.set(vcpu.domain.uuid, vcpu.vcpu, { place, samples: 1, delay, usage })
      return
    }
    stay.samples++
    stay.delay = Math.min(stay.delay, delay)
    stay.usage += usage
  }

  /** The vCPU that waits too long because of the round; undefined: none. */
  #verdict(round: PinRound, view: View): RollbackReason | undefined {
    let worst: VcpuView | undefined
    let longest = Math.max(round.before, round.predicted) + margin
    const excused = new Map<number, boolean>()
    const isExcused = (place: number) => {
      const known = excused.get(place) ?? this.#isOtherwise(place, round, view)
      excused.set(place, known)
      return known
    }
    for (const vcpu of view.vcpus) {
      const stay = this.#stayOf(vcpu)
      const { domain } = vcpu
      const isExpected = isSameRun(round.expected.get(vcpu.domain.uuid, vcpu.vcpu), domain)
      if (!stay || !domain.settings.managed || !isExpected) continue
      if (!(stay.delay > longest) || isExcused(stay.place)) continue
      worst = vcpu
      longest = stay.delay
    }
    if (!worst) return undefined
    const { place } = this.#stayOf(worst)!
    return {
      kind: 'rollback-delay',
      domain: worst.domain.name,
      vcpu: worst.vcpu,
      on: place,
      delay: longest,
      before: round.before,
      expected: round.predicted,
    }
  }

  /** Whether what runs on the pCPU wants more than the plan reckoned with, or is not known. */
  #isOtherwise(place: number, round: PinRound, view: View): boolean {
    const background = view.pcpus.find(({ id }) => id === place)?.background ?? 0
    if (isMore(background, round.background.get(place) ?? 0)) return true
    const all = { now: 0, before: 0 }
    for (const vcpu of view.vcpus) {
      if (placeOf(vcpu) !== place) continue
      const stay = this.#stayOf(vcpu)
      if (!stay) return true
      const expected = round.expected.get(vcpu.domain.uuid, vcpu.vcpu)
      const wasExpected = expected && isSameRun(expected, vcpu.domain) && expected.place === place
      const now = stay.usage / stay.samples
      const before = wasExpected ? (expected.demand ?? 0) : 0
      if (isMore(now, before)) return true
      all.now += now
      all.before += before
    }
    // Where it is crowded each of many that want more gets only a little more.
    return isMore(all.now, all.before)
  }

  /** How it has been since the round; undefined: it has not been in one place for as long. */
  #stayOf(vcpu: VcpuView): Stay | undefined {
    const stay = this.#stays.get(vcpu.domain.uuid, vcpu.vcpu)
    return stay && stay.samples >= enough && !Number.isNaN(stay.usage) ? stay : undefined
  }
}

function isMore(now: number, before: number): boolean {
  return now > before + changed.floor + changed.share * before
}
