import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const configFile = fileURLToPath(new URL('../../lib/page/vite.config.ts', import.meta.url))

/** Builds the page and the playground from their sources, as `npm run build:page` and `build:playground` do: it takes a second. */
export default async function buildPage(): Promise<void> {
  await build({ configFile })
  await build({ configFile, mode: 'playground' })
}
