import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * The page as files that refer to each other by relative paths, wherever they are served: `npm run build:page`. With `--mode
 * playground` the one that needs no server of ours: `npm run build:playground`.
 */
export default defineConfig(({ mode }) => ({
  root: beside(mode === 'playground' ? 'playground' : '.'),
  base: './',
  resolve: {
    alias: [{ find: /^.*\/util\/xml-reader\.ts$/, replacement: beside('simulator/xml-reader.ts') }],
  },
  build: {
    outDir: beside(mode === 'playground' ? '../../docs/playground' : '../../dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    // No data: addresses, which the page's own policy forbids.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  worker: { format: 'es' },
  logLevel: 'warn',
}))
