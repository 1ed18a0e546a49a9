import type { Guest } from '../test/lab/guest.ts'
import type { Lab } from '../test/lab/lab.ts'

/** Guests that are asked for at once: enough to keep the lab busy, few enough to see that it goes on. */
const batch = 10

/** Adds so many paused domains to a lab, whose others are all paused: real QEMUs that use no CPU. */
export async function addPaused(lab: Lab, count: number, progress: (made: number) => void): Promise<void> {
  const before = (await lab.guests()).length
  for (let made = 0; made < count; ) {
    const first = before + made + 1
    const names = Array.from({ length: Math.min(batch, count - made) }, (_, i) => `paused${first + i}`)
    await lab.startAll(names.map((name) => ({ name, kernel: false })))
    made += names.length
    progress(made)
  }
}

/** Adds so many booted guests of one vCPU that never sleep. */
export async function addSpinning(lab: Lab, count: number): Promise<Guest[]> {
  const names = Array.from({ length: count }, (_, i) => `spinning${i + 1}`)
  const guests = await lab.startAll(names.map((name) => ({ name })))
  await Promise.all(guests.map((guest) => guest.send('spin')))
  return guests
}
