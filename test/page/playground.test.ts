import { createReadStream } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seriousFaults } from './accessibility.ts'
import { launchBrowser, visit } from './browser.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

let browser: Browser
let server: Server
let url: string
beforeAll(async () => {
  // Any server of files will do.
  server = createServer(({ url = '/' }, response) => {
    const path = fileURLToPath(
      new URL(`../../docs/playground${url === '/' ? '/index.html' : url}`, import.meta.url),
    )
    response.setHeader('Content-Type', types[extname(path)] ?? 'application/octet-stream')
    createReadStream(path)
      .on('error', () => response.writeHead(404).end())
      .pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  server?.close()
  server?.closeAllConnections()
})

describe('the playground', () => {
  it('balances a simulated host without a server, then another with other policies', async () => {
    const { page, complaints } = await visit(browser, url)
    await page.locator('.change', { hasText: 'pinned to pCPU' }).first().waitFor()
    await page.getByLabel('scheduler').selectOption('none')
    await page.getByLabel('scenario').selectOption('M1')
    await page.getByText('scenario M1').waitFor()
    await page.locator('.change', { hasText: 'guest1: balloon set' }).first().waitFor()
    expect(await page.locator('.change', { hasText: 'pinned to pCPU' }).count()).toBe(0)
    expect(await seriousFaults(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.close()
  })
})
