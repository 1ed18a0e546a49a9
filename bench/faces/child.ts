import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { endsWithUs } from '../ends-with-us.ts'

/** A program that makes a Tick a second, with the page or without. */
export interface FacesChild extends Disposable {
  /** Where its page is. */
  readonly url: string
  /** Part of a core that it uses over the next milliseconds. */
  load(period: number): Promise<number>
}

export async function startChild(...args: string[]): Promise<FacesChild> {
  const program = fileURLToPath(new URL('page-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  endsWithUs(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error('the program that serves the page ended')
    return value
  }
  const used = async () => {
    child.stdin.write('\n')
    return Number(await line())
  }
  return {
    url: await line(),
    async load(period) {
      const before = await used()
      const began = performance.now()
      await sleep(period)
      return ((await used()) - before) / (performance.now() - began)
    },
    [Symbol.dispose]: () => void child.kill(),
  }
}
