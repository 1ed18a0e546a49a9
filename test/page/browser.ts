import { type Browser, type BrowserContextOptions, type Page, chromium as playwright } from 'playwright-core'
import { programOf } from '../../scripts/unpacked.mjs'

/** The path of the browser that set-up installs; undefined: it is not there. */
export function chromium(): string | undefined {
  return programOf('chromium') ?? programOf('chromium-browser')
}

/** Starts it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = chromium()
  if (!executablePath) throw new Error('There is no Chromium: node scripts/setup.mjs --browser')
  // Its sandbox wants another user than root; what it shows is ours.
  return playwright.launch({ executablePath, args: ['--no-sandbox', '--force-prefers-reduced-motion'] })
}

/** A page that was opened, and all that is wrong with it: errors, and requests to elsewhere. */
export interface Visit {
  readonly page: Page
  readonly complaints: string[]
}

/** Opens `url` in a window of its own, and notes every error and every request to another origin. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const page = await browser.newPage(options)
  const complaints: string[] = []
  const { origin } = new URL(url)
  page.on('pageerror', ({ message }) => complaints.push(`error: ${message}`))
  page.on('console', (message) => {
    // Violations of the policy are among them.
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`request: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`response: ${response.status()} ${response.url()}`)
  })
  await page.goto(url)
  return { page, complaints }
}
