import type { PinnedMemory } from '../host/domain-traits.ts'
import { KiB, MiB } from '../util/units.ts'
import { balloonPace, deflateReach, inflateReach, type Pace } from './balloon-pace.ts'
import type { MemoryReport } from './balloon-reports.ts'
import { kernelResident, outsideTotal, watermark } from './guest-kernel.ts'
import { GuestProgram } from './guest-program.ts'
import type { Toll } from './memory-stall.ts'
import { PageCache } from './page-cache.ts'
import type { MemoryScenario, Program } from './scenario.ts'
import { Swap } from './swap.ts'
import { VirtioMemDevice } from './virtio-mem.ts'

/** A guest without swap gives its balloon nothing once it has only so much left. */
const balloonMargin = 48 * MiB
/** What stays resident of a program that is swapped out. */
const alwaysResident = 16 * MiB
/** QEMU's own resident memory. */
export const qemuOverhead = 96 * MiB
const pageSize = 4 * KiB

/** The memory of one guest from its start to its end: balloon, program, page cache, swap. Sizes are bytes. */
export class GuestMemory {
  #maximum: number
  actual: number
  #target: number
  /** What the program holds, in memory and swapped out. */
  held = 0
  readonly #program = new GuestProgram()
  readonly #swap: Swap
  readonly #cache: PageCache
  #moved = 0
  /** Seconds that programs waited, in all and in this step. */
  #stalled = 0
  #waits = 0
  /** Whether a step changes nothing until something else is requested. */
  #rests = false
  /** What its device says of the balloon since the guest began to boot anew; undefined: what is so. */
  #told: number | undefined
  /** Swapped in and out before it did. */
  #countedBefore = { swapIn: 0, swapOut: 0 }
  /** What the host had to back so far: does not shrink when the guest frees. */
  #backed = 0
  readonly #reserve: number
  readonly #pinned: PinnedMemory | undefined
  readonly device: VirtioMemDevice
  readonly #changed: () => void

  /** `changed` is called when something else than a step has changed it: it may rest no more. */
  constructor(
    scenario: Required<Pick<MemoryScenario, 'maximum' | 'actual' | 'cache' | 'swap' | 'reserve'>>,
    pinned: PinnedMemory | undefined,
    virtioMem: MemoryScenario['virtioMem'],
    changed: () => void,
  ) {
    this.#changed = changed
    this.device = new VirtioMemDevice(virtioMem)
    this.#maximum = scenario.maximum
    this.actual = scenario.actual
    this.#target = scenario.actual
    this.#cache = new PageCache(scenario.cache)
    this.#swap = new Swap(scenario.swap)
    this.#reserve = scenario.reserve
    this.#cache.shrinkTo(this.#room())
    this.#pinned = pinned
    this.#noteBacked()
  }

  get maximum(): number {
    return this.#maximum
  }

  /** What of {@link held} is swapped out. */
  get swapped(): number {
    return this.#swap.size
  }

  /** The size that its balloon was last asked for. */
  get target(): number {
    return this.#target
  }

  set target(bytes: number) {
    this.#target = bytes
    this.#changed()
  }

  /** What is plugged in or out is part of the balloon's size: the pages that the balloon keeps stay the same. */
  plug(bytes: number): void {
    this.#maximum += bytes
    this.actual += bytes
    this.#target += bytes
    this.#rests = false
    this.#noteBacked()
    this.#changed()
  }

  /** What the guest has in all. */
  #size(): number {
    return this.actual + this.device.plugged
  }

  #outside(): number {
    return outsideTotal(this.maximum + this.device.plugged)
  }

  /** The balloon's size, as QEMU tells it. */
  get toldActual(): number {
    return this.#told ?? this.actual
  }

  /** All that it held is gone, and it has all of its memory; its balloon device goes on telling the size of before. */
  reboot(): void {
    this.#told ??= this.actual
    this.actual = this.maximum
    this.device.plugged = 0
    this.#program.end()
    this.held = 0
    this.#swap.size = 0
    this.#rests = false
    this.#countedBefore = { swapIn: this.#swap.swappedIn, swapOut: this.#swap.swappedOut }
    this.#noteBacked()
    this.#changed()
  }

  /** Its balloon driver is up. */
  goUp(): void {
    this.#told = undefined
    this.#changed()
  }

  /** Its owner wants so much of its virtio-mem device plugged. */
  requestPlugged(bytes: number): void {
    this.device.requested = bytes
    this.#changed()
  }

  get rss(): number {
    if (this.#pinned === 'huge pages') return qemuOverhead
    return qemuOverhead + (this.#pinned ? this.maximum + this.device.plugged : this.#backed)
  }

  /** What of it is on huge pages: preallocated, as libvirt has it. */
  get hugePages(): number {
    return this.#pinned === 'huge pages' ? this.maximum : 0
  }

  get toll(): Toll {
    return {
      stalled: 1_000 * this.#stalled,
      swappedIn: this.#swap.swappedIn,
      swappedOut: this.#swap.swappedOut,
      programsKilled: this.#program.killed,
      moved: this.#moved,
      diskReads: this.#cache.reads,
    }
  }

  /** The smallest balloon with which the program, had it never waited or been killed, would not do so now. */
  get needed(): number {
    return this.#outside() + kernelResident + this.#program.wouldHold + watermark - this.device.plugged
  }

  run(program: Program): void {
    this.#program.begin(program)
    this.#rests = false
    this.#changed()
  }

  /** Holds what the program comes to hold, as if it had long done so. */
  settle(): void {
    this.held = Math.max(0, Math.min(this.#program.now.size, this.#room() - watermark))
    this.#program.wouldHold = this.#program.now.size
    this.#noteBacked()
    this.#changed()
  }

  /** Whether a step would change nothing now, which is so of most guests most of the time. */
  rests(balloonSpeed: number, hostSwaps: boolean): boolean {
    if (this.device.plugged !== this.device.requested) return false
    return this.#rests && !hostSwaps && (this.#target === this.actual || balloonSpeed === 0)
  }

  step(seconds: number, pace: Pace): void {
    this.#waits = pace.hostSwaps || this.#program.killed > 0 ? seconds : 0
    this.#program.grow(seconds)
    this.device.step(seconds, this.#room() - balloonMargin)
    this.#runProgram(seconds)
    if (pace.balloonSpeed > 0) {
      const before = this.actual
      const usual = balloonPace(seconds, pace)
      if (this.#target > this.actual) this.#deflate(usual)
      else if (this.#target < this.actual) this.#inflate(usual)
      this.#moved += Math.abs(this.actual - before)
    }
    if (this.#swap.kind === 'zram') this.#swapAway(balloonMargin - this.#room(), seconds)
    this.#cache.shrinkTo(this.#room())
    // Growth stops exactly there where there is a swap disk: what rounding leaves is no lack.
    if (this.held > 0 && this.#room() < watermark - pageSize) this.#kill()
    this.#stalled += Math.min(seconds, this.#waits)
    this.#cache.read(
      this.#program.now.files,
      this.#room() - watermark,
      seconds - Math.min(seconds, this.#waits),
    )
    this.#noteBacked()
    this.#rests = this.#isSteady()
  }

  /** Nothing grows, comes back, goes out or is read, and no program waits. */
  #isSteady(): boolean {
    const { size, touch, files } = this.#program.now
    if (this.held !== size || !this.#program.isGrown || this.#program.killed > 0) return false
    if (files > 0 || (touch > 0 && this.#swap.size > 0)) return false
    const room = this.#room()
    return this.#cache.size <= room && room >= balloonMargin
  }

  report(): MemoryReport {
    const room = this.#room()
    const swapIn = this.#swap.swappedIn - this.#countedBefore.swapIn
    return {
      available: wholeKiB(this.#size() - this.#outside()),
      unused: wholeKiB(Math.max(0, room - this.#cache.size)),
      usable: wholeKiB(Math.max(0, room - this.#reserve)),
      diskCaches: wholeKiB(this.#cache.size),
      swapIn: wholeKiB(swapIn),
      swapOut: wholeKiB(this.#swap.swappedOut - this.#countedBefore.swapOut),
      majorFaults: Math.floor(swapIn / pageSize),
    }
  }

  /** Free memory and page cache. */
  #room(): number {
    const { size, inMemory } = this.#swap
    return this.#size() - this.#outside() - kernelResident - (this.held - size) - inMemory
  }

  #noteBacked(): void {
    const used = this.#size() - Math.max(0, this.#room()) + this.#cache.size
    this.#backed = Math.min(this.#size(), Math.max(this.#backed, used))
  }

  #runProgram(seconds: number): void {
    const { size, rate, touch } = this.#program.now
    if (size < this.held) this.#free(size)
    const wanted = Math.min(rate * seconds, size - this.held)
    if (wanted > 0) {
      this.#swapAway(wanted + watermark - this.#room(), seconds)
      const gets =
        this.#swap.kind === 'disk' ? Math.max(0, Math.min(wanted, this.#room() - watermark)) : wanted
      this.held += gets
      this.#waits += seconds * (1 - gets / wanted)
    }
    if (touch > 0 && this.#swap.size > 0) {
      const missing = touch * seconds * (this.#swap.size / this.held)
      this.#waits += this.#swap.swapIn(missing, seconds, this.#room() - balloonMargin)
    }
  }

  #free(size: number): void {
    this.#swap.size *= size / this.held
    this.held = size
  }

  #swappable(): number {
    return Math.max(0, this.held - this.#swap.size - alwaysResident)
  }

  /** Swaps out until `short` bytes more are free, as far as there is swap and time. */
  #swapAway(short: number, seconds: number): void {
    if (short > 0) this.#waits += this.#swap.swapOut(short, seconds, this.#swappable())
  }

  #deflate(seconds: number): void {
    this.actual = Math.min(this.#target, this.actual + wholeKiB(deflateReach(seconds)))
  }

  #inflate(seconds: number): void {
    const reach = inflateReach(seconds, this.actual - this.#backed)
    const wanted = Math.min(wholeKiB(reach), this.actual - this.#target)
    this.#swapAway(wanted + balloonMargin - this.#room(), seconds)
    // A guest with everything in zram believes that it could swap more: its balloon goes on until the OOM killer acts.
    const overestimates = this.#swap.kind === 'zram' && this.held > 0 && this.#swappable() === 0
    const least = overestimates ? 0 : balloonMargin
    this.actual -= wholeKiB(Math.max(0, Math.min(wanted, this.#room() - least)))
  }

  #kill(): void {
    this.#program.kill()
    this.held = 0
    this.#swap.size = 0
  }
}

function wholeKiB(bytes: number): number {
  return Math.floor(bytes / KiB) * KiB
}
