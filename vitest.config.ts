import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The sources, for what imports the package as its users do. */
const alias = { ballast: fileURLToPath(new URL('lib/index.ts', import.meta.url)) }

/** The same values for properties each time. */
const seed = 'test/support/seed.ts'

const endsWithRunner = 'test/support/ends-with-runner.ts'

/** Compiles the programs that tests start. */
const globalSetup = 'test/support/compiled.ts'

/** Properties that are tried more often (test/support/runs.ts) take as many times as long. */
const patience = Math.max(1, Number(process.env.BALLAST_RUNS ?? 1))

/**
 * One project for each kind of test, so that each can be run by itself: `npx vitest run --project native`. The seconds are
 * for what hangs, on a machine that does much else.
 */
const project = (name: string, seconds: number) => ({
  name,
  include: [`test/${name}/**/*.test.ts`],
  testTimeout: patience * seconds * 1_000,
  hookTimeout: seconds * 1_000,
  pool: 'forks' as const,
  setupFiles: [endsWithRunner],
})

export default defineConfig({
  test: {
    // The default leaves one core idle.
    maxWorkers: '100%',
    // Transforming what a test imports takes longer than most tests. Kept by content.
    experimental: { fsModuleCache: true, fsModuleCachePath: '.cache/vitest' },
    projects: [
      // One process for many files: loading the sources anew for each would take as long as the tests. What a test stubs
      // is set back after it.
      {
        resolve: { alias },
        test: {
          ...project('unit', 300),
          setupFiles: [seed, endsWithRunner],
          isolate: false,
          restoreMocks: true,
          unstubGlobals: true,
        },
      },
      // What simulates many hosts for long, or starts processes: minutes in all, so that `npm run check` leaves them out.
      {
        resolve: { alias },
        test: {
          ...project('long', 240),
          globalSetup,
          setupFiles: [seed, endsWithRunner],
          isolate: false,
          restoreMocks: true,
        },
      },
      { test: project('conformance', 300) },
      { test: project('native', 300) },
      { test: { ...project('libvirt', 300), globalSetup } },
      { test: project('package', 300) },
      // Addons for other machines: `npm run test:prebuilds` alone runs it.
      { test: project('prebuilds', 900) },
      // Prometheus itself.
      { test: { ...project('prometheus', 120), globalSetup } },
      // A nats-server of its own for each test.
      { test: project('nats', 120) },
      // The page in a real browser.
      { resolve: { alias }, test: { ...project('page', 120), globalSetup: 'test/page/built.ts' } },
      // Real guests: machines are slow and noisy, and two labs at once would disturb each other's figures.
      { test: { ...project('lab', 900), exclude: ['test/lab/vm/**'], fileParallelism: false } },
      // The package for Debian in a root of its own: `npm run test:deb` alone runs it.
      { test: project('deb', 900) },
      // A whole host in a VM under software emulation: `npm run test:host` alone runs it.
      { test: { ...project('host', 3_600), include: ['test/lab/vm/**/*.test.ts'] } },
    ],
  },
})
