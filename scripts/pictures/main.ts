// Makes the pictures in docs/images: `npm run pictures [-- RECORDINGS]`. Without recordings some are made first, of real
// guests in the lab.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../../test/page/browser.ts'
import buildPage from '../../test/page/built.ts'
import { serve } from '../../test/page/served.ts'
import { recordLab } from './lab-recording.ts'

const directory = mkdtempSync(join(tmpdir(), 'ballast-pictures-'))

interface Picture {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly colorScheme: 'light' | 'dark'
  readonly prepare: (page: Page) => Promise<void>
}

const pictures: readonly Picture[] = [
  {
    name: 'page-host',
    width: 1_440,
    height: 860,
    colorScheme: 'light',
    prepare: afterFirstChanges,
  },
  {
    name: 'page-guest',
    width: 1_280,
    height: 980,
    colorScheme: 'dark',
    prepare: async (page) => {
      await afterFirstChanges(page)
      await page.locator('.change').last().locator('.line .name').click()
      await page.locator('.change').first().getByRole('button', { name: /^Why / }).click()
      await page.evaluate('scrollTo(0, 0)')
    },
  },
  {
    name: 'page-small',
    width: 360,
    height: 760,
    colorScheme: 'light',
    prepare: async (page) => {
      await afterFirstChanges(page)
      await page.evaluate('scrollTo(0, 0)')
    },
  },
]

/** Goes to some ticks after the first changes. */
async function afterFirstChanges(page: Page): Promise<void> {
  await page.locator('.change time').last().click()
  for (let i = 0; i < 4; i++) await page.getByRole('button', { name: 'Tick after' }).click()
}

/** A picture in a quarter of its bytes; the browser can do that. */
async function webp(browser: Browser, png: Buffer): Promise<Buffer> {
  const page = await browser.newPage()
  const packed = await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(png.toString('base64'))}), (letter) => letter.charCodeAt(0))
    const picture = await createImageBitmap(new Blob([bytes]))
    const canvas = document.createElement('canvas')
    canvas.width = picture.width
    canvas.height = picture.height
    canvas.getContext('2d').drawImage(picture, 0, 0)
    return canvas.toDataURL('image/webp', 0.7).split(',')[1]
  })()`)
  await page.close()
  return Buffer.from(String(packed), 'base64')
}

try {
  await buildPage()
  const recordings = process.argv[2] ?? (await recordLab(directory))
  const nowhere = async () => {
    throw new Error('nothing is connected to')
  }
  await using served = await serve(nowhere, ['serve', recordings, '--listen', '0'])
  const browser = await launchBrowser()
  for (const { name, width, height, colorScheme, prepare } of pictures) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme })
    await page.route('**/api/info', async (route) => {
      const response = await route.fetch()
      // Where a lab is says something of the machine, and nothing to whoever sees the picture.
      await route.fulfill({ response, json: { ...(await response.json()), uri: 'qemu:///system' } })
    })
    await page.goto(served.url)
    await page.locator('.guests tbody th').first().waitFor()
    await prepare(page)
    // Plots and maps are drawn in the next frame.
    await page.waitForTimeout(500)
    const path = fileURLToPath(new URL(`../../docs/images/${name}.webp`, import.meta.url))
    writeFileSync(path, await webp(browser, await page.screenshot()))
    console.log(path)
    await page.close()
  }
  await browser.close()
} finally {
  rmSync(directory, { recursive: true })
}
