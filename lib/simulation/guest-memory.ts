import type { PinnedMemory } from '../host/domain-traits.ts'
import { KiB, MiB } from '../util/units.ts'
import type { MemoryReport } from './balloon-reports.ts'
import { kernelResident, outsideTotal, watermark } from './guest-kernel.ts'
import type { Toll } from './memory-stall.ts'
import { PageCache } from './page-cache.ts'
import type { MemoryScenario, Program } from './scenario.ts'
import { VirtioMemDevice } from './virtio-mem.ts'

/** Speeds in bytes per second, measured on real guests (docs/simulation.md). */
const deflateSpeed = 930 * MiB
const inflateFreshSpeed = 512 * MiB
const inflateUsedSpeed = 320 * MiB
const swapOutSpeed = { none: 0, disk: 64 * MiB, zram: 256 * MiB }
const swapInSpeed = 32 * MiB
const usualGrowth = 512 * MiB
/** What is left of a balloon's speed when the guest computes all the time. */
const busyGuestSpeed = 0.45
/** A guest without swap gives its balloon nothing once it has only so much left. */
const balloonMargin = 48 * MiB
/** Of what is swapped out, so much is wanted again at once, comes back and goes out again. */
const swapChurn = 0.2
/** What a page in zram takes of a page. */
const zramRatio = 0.75
/** What stays resident of a program that is swapped out. */
const alwaysResident = 16 * MiB
/** QEMU's own resident memory. */
export const qemuOverhead = 96 * MiB
const pageSize = 4 * KiB

/** How a guest runs during one step. */
export interface Pace {
  /** Part of the usual speed at which its balloon moves; 0: it does not. */
  readonly balloonSpeed: number
  /** Part of the time that its first vCPU asks for a pCPU, and part of that for which it gets one. */
  readonly busy: number
  readonly served: number
  /** The host has too little memory for its guests: all wait. */
  readonly hostSwaps: boolean
}

const noProgram: Required<Program> = { size: 0, rate: 0, touch: 0, files: 0, goesOn: false }

/** The memory of one guest from its start to its end: balloon, program, page cache, swap. Sizes are bytes. */
export class GuestMemory {
  #maximum: number
  actual: number
  #target: number
  /** What the program holds, in memory and swapped out. */
  held = 0
  swapped = 0
  #program = noProgram
  /** The program as the scenario has it, and what it would hold had it never waited or been killed. */
  #meant = noProgram
  #wouldHold = 0
  readonly #swap: 'none' | 'disk' | 'zram'
  readonly #cache: PageCache
  #swapIn = 0
  #swapOut = 0
  #killed = 0
  /** The program was killed, and no other has begun. */
  #isGone = false
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
    this.#swap = scenario.swap
    this.#reserve = scenario.reserve
    this.#cache.shrinkTo(this.#room())
    this.#pinned = pinned
    this.#noteBacked()
  }

  get maximum(): number {
    return this.#maximum
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
    this.#isGone = false
    this.#program = noProgram
    this.#meant = noProgram
    this.#wouldHold = 0
    this.held = 0
    this.swapped = 0
    this.#rests = false
    this.#countedBefore = { swapIn: this.#swapIn, swapOut: this.#swapOut }
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
      swappedIn: this.#swapIn,
      swappedOut: this.#swapOut,
      programsKilled: this.#killed,
      moved: this.#moved,
      diskReads: this.#cache.reads,
    }
  }

  /** The smallest balloon with which the program, had it never waited or been killed, would not do so now. */
  get needed(): number {
    return this.#outside() + kernelResident + this.#wouldHold + watermark - this.device.plugged
  }

  run(program: Program): void {
    this.#meant = { ...noProgram, rate: usualGrowth, ...program }
    if (!program.goesOn) this.#isGone = false
    this.#program = this.#isGone ? noProgram : this.#meant
    this.#rests = false
    this.#wouldHold = Math.min(this.#wouldHold, program.size)
    this.#changed()
  }

  /** Holds what the program comes to hold, as if it had long done so. */
  settle(): void {
    this.held = Math.max(0, Math.min(this.#program.size, this.#room() - watermark))
    this.#wouldHold = this.#program.size
    this.#noteBacked()
    this.#changed()
  }

  /** Whether a step would change nothing now, which is so of most guests most of the time. */
  rests(balloonSpeed: number, hostSwaps: boolean): boolean {
    if (this.device.plugged !== this.device.requested) return false
    return this.#rests && !hostSwaps && (this.#target === this.actual || balloonSpeed === 0)
  }

  step(seconds: number, { balloonSpeed, busy, served, hostSwaps }: Pace): void {
    this.#waits = hostSwaps || this.#killed > 0 ? seconds : 0
    this.#wouldHold = Math.min(this.#meant.size, this.#wouldHold + this.#meant.rate * seconds)
    this.device.step(seconds, this.#room() - balloonMargin)
    this.#runProgram(seconds)
    if (balloonSpeed > 0) {
      const before = this.actual
      const pace = seconds * balloonSpeed * (1 - (1 - busyGuestSpeed) * busy) * served
      if (this.#target > this.actual) this.#deflate(pace)
      else if (this.#target < this.actual) this.#inflate(pace)
      this.#moved += Math.abs(this.actual - before)
    }
    if (this.#swap === 'zram') this.#swapAway(balloonMargin - this.#room(), seconds)
    this.#cache.shrinkTo(this.#room())
    // Growth stops exactly there where there is a swap disk: what rounding leaves is no lack.
    if (this.held > 0 && this.#room() < watermark - pageSize) this.#kill()
    this.#stalled += Math.min(seconds, this.#waits)
    this.#cache.read(this.#program.files, this.#room() - watermark, seconds - Math.min(seconds, this.#waits))
    this.#noteBacked()
    this.#rests = this.#isSteady()
  }

  /** Nothing grows, comes back, goes out or is read, and no program waits. */
  #isSteady(): boolean {
    const { size, touch, files } = this.#program
    if (this.held !== size || this.#wouldHold !== this.#meant.size || this.#killed > 0) return false
    if (files > 0 || (touch > 0 && this.swapped > 0)) return false
    const room = this.#room()
    return this.#cache.size <= room && room >= balloonMargin
  }

  report(): MemoryReport {
    const room = this.#room()
    const swapIn = this.#swapIn - this.#countedBefore.swapIn
    return {
      available: wholeKiB(this.#size() - this.#outside()),
      unused: wholeKiB(Math.max(0, room - this.#cache.size)),
      usable: wholeKiB(Math.max(0, room - this.#reserve)),
      diskCaches: wholeKiB(this.#cache.size),
      swapIn: wholeKiB(swapIn),
      swapOut: wholeKiB(this.#swapOut - this.#countedBefore.swapOut),
      majorFaults: Math.floor(swapIn / pageSize),
    }
  }

  /** Free memory and page cache. */
  #room(): number {
    const inZram = this.#swap === 'zram' ? this.swapped * zramRatio : 0
    return this.#size() - this.#outside() - kernelResident - (this.held - this.swapped) - inZram
  }

  #noteBacked(): void {
    const used = this.#size() - Math.max(0, this.#room()) + this.#cache.size
    this.#backed = Math.min(this.#size(), Math.max(this.#backed, used))
  }

  #runProgram(seconds: number): void {
    const { size, rate, touch } = this.#program
    if (size < this.held) this.#free(size)
    const wanted = Math.min(rate * seconds, size - this.held)
    if (wanted > 0) {
      this.#swapAway(wanted + watermark - this.#room(), seconds)
      const gets = this.#swap === 'disk' ? Math.max(0, Math.min(wanted, this.#room() - watermark)) : wanted
      this.held += gets
      this.#waits += seconds * (1 - gets / wanted)
    }
    if (touch > 0 && this.swapped > 0) this.#touch(touch * seconds, seconds)
  }

  #free(size: number): void {
    this.swapped *= size / this.held
    this.held = size
  }

  /** What is touched and swapped out comes back; where there is no room for it, as much goes out. */
  #touch(bytes: number, seconds: number): void {
    const missing = bytes * (this.swapped / this.held)
    const back = Math.min(missing, swapInSpeed * seconds, this.swapped)
    // It works at its own speed between two waits: so much of the time goes to waiting.
    const waiting = missing / (swapInSpeed * seconds)
    this.#waits += seconds * (waiting / (1 + waiting))
    const room = Math.max(0, this.#room() - balloonMargin)
    this.#swapIn += back
    this.#swapOut += Math.max(0, back - room)
    this.swapped -= Math.min(back, room)
  }

  #swappable(): number {
    return Math.max(0, this.held - this.swapped - alwaysResident)
  }

  /** Swaps out until `short` bytes more are free, as far as there is swap and time. */
  #swapAway(short: number, seconds: number): void {
    if (short <= 0 || this.#swap === 'none') return
    const freed = this.#swap === 'disk' ? 1 : 1 - zramRatio
    const out = Math.min(short / freed, swapOutSpeed[this.#swap] * seconds, this.#swappable())
    this.swapped += out
    this.#swapOut += out * (1 + swapChurn)
    this.#swapIn += out * swapChurn
    this.#waits += (out * swapChurn) / swapInSpeed
  }

  #deflate(pace: number): void {
    this.actual = Math.min(this.#target, this.actual + wholeKiB(deflateSpeed * pace))
  }

  #inflate(pace: number): void {
    const fresh = this.actual - this.#backed
    const reach = fresh > inflateFreshSpeed * pace ? inflateFreshSpeed * pace : inflateUsedSpeed * pace
    const wanted = Math.min(wholeKiB(reach), this.actual - this.#target)
    this.#swapAway(wanted + balloonMargin - this.#room(), pace)
    // A guest with everything in zram believes that it could swap more: its balloon goes on until the OOM killer acts.
    const overestimates = this.#swap === 'zram' && this.held > 0 && this.#swappable() === 0
    const least = overestimates ? 0 : balloonMargin
    this.actual -= wholeKiB(Math.max(0, Math.min(wanted, this.#room() - least)))
  }

  #kill(): void {
    this.#killed++
    this.#isGone = true
    this.#program = noProgram
    this.held = 0
    this.swapped = 0
  }
}

function wholeKiB(bytes: number): number {
  return Math.floor(bytes / KiB) * KiB
}
