import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** `npm run build:page`: the page as files that refer to each other by relative paths, wherever they are served. */
export default defineConfig({
  root: beside('.'),
  base: './',
  resolve: {
    alias: [{ find: /^.*\/util\/xml-reader\.ts$/, replacement: beside('simulator/xml-reader.ts') }],
  },
  build: {
    outDir: beside('../../dist/page'),
    emptyOutDir: true,
    target: 'es2022',
    // No data: addresses, which the page's own policy forbids.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  worker: { format: 'es' },
  logLevel: 'warn',
})
