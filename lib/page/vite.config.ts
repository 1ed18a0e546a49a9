import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

/** `npm run build:page`: the page as files that refer to each other by relative paths, wherever they are served. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  // As in dist/ itself: what users get is licensed as what it is made of says, in the files' own comments.
  build: {
    outDir: fileURLToPath(new URL('../../dist/page', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // No data: addresses, which the page's own policy forbids.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
  worker: { format: 'es' },
  logLevel: 'warn',
})
