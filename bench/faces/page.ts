import { setTimeout as sleep } from 'node:timers/promises'
import type { CDPSession } from 'playwright-core'
import { launchBrowser } from '../../test/page/browser.ts'
import { startChild } from './child.ts'

/** Frames per second while scrolling, and part of a core at rest. */
export const pageLimits = { frames: 50, rest: 0.2 }
/** Milliseconds. */
const restPeriod = 20_000
const scrollPeriod = 5_000
const warmUp = 5_000

export interface PageFigures {
  readonly passed: boolean
  readonly limits: typeof pageLimits
  /** Frames per second while the list of guests is scrolled, and milliseconds of the longest one. */
  readonly frames: number
  readonly longestFrame: number
  /** Parts of a core while a Tick comes each second: of the page's own process, and of the whole browser. */
  readonly rest: number
  readonly restOfBrowser: number
  /** MiB of its JavaScript heap in the end. */
  readonly heap: number
}

/** What the page costs in Chromium, without a graphics card. */
export async function measurePage(log: (line: string) => void): Promise<PageFigures> {
  using child = await startChild()
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({ viewport: { width: 1_600, height: 1_000 } })
    await page.goto(child.url)
    await page.locator('.guests tbody th').first().waitFor()
    await sleep(warmUp)
    const session = await browser.newBrowserCDPSession()
    log('the page: at rest')
    const before = await cpuTimes(session)
    const began = performance.now()
    await sleep(restPeriod)
    const after = await cpuTimes(session)
    const took = performance.now() - began
    log('the page: scrolling')
    const { frames, longest } = (await page.evaluate(scrolling)) as { frames: number; longest: number }
    const heap = (await page.evaluate('performance.memory.usedJSHeapSize')) as number
    const rest = (after.page - before.page) / took
    return {
      passed: frames >= pageLimits.frames && rest <= pageLimits.rest,
      limits: pageLimits,
      frames,
      longestFrame: longest,
      rest,
      restOfBrowser: (after.all - before.all) / took,
      heap: heap / 2 ** 20,
    }
  } finally {
    await browser.close()
  }
}

/** Milliseconds of CPU time. */
async function cpuTimes(session: CDPSession): Promise<{ page: number; all: number }> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const sum = (of: (type: string) => boolean) =>
    processInfo.filter(({ type }) => of(type)).reduce((total, { cpuTime }) => total + 1_000 * cpuTime, 0)
  return { page: sum((type) => type === 'renderer'), all: sum(() => true) }
}

/** Runs in the page: scrolls the list of guests a little in each frame, and counts frames. */
const scrolling = `new Promise((resolve) => {
  const list = document.querySelector('.guests .scroller')
  const began = performance.now()
  let [frames, last, longest] = [0, began, 0]
  const step = (now) => {
    frames++
    longest = Math.max(longest, now - last)
    last = now
    list.scrollTop = (list.scrollTop + 40) % (list.scrollHeight - list.clientHeight)
    if (now - began < ${scrollPeriod}) requestAnimationFrame(step)
    else resolve({ frames: (1000 * frames) / (now - began), longest })
  }
  requestAnimationFrame(step)
})`
