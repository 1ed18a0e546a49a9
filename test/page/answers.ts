import type { Locator } from 'playwright-core'

/** What stands above the answers of a what-if, once they are there. */
export async function answerHeadings(part: Locator): Promise<string[]> {
  const headings = part.locator('thead th')
  await headings.first().waitFor({ timeout: 100_000 })
  return headings.allTextContents()
}
