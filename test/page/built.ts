import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** Builds the page from its sources, as `npm run build:page` does: it takes a second. */
export default async function buildPage(): Promise<void> {
  await build({ configFile: fileURLToPath(new URL('../../lib/page/vite.config.ts', import.meta.url)) })
}
