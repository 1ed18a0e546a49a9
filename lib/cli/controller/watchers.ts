import type { Tick } from '../../control/tick.ts'
import type { Host } from '../../host/host.ts'
import type { LastingTape } from '../../recording/loop-recorder.ts'
import type { FleetFigures } from '../../report/fleet-figures.ts'
import { withoutPassword } from '../../util/uri.ts'
import { type CliContext, logNotice } from '../context.ts'
import { WorkFailed } from '../exit-codes.ts'
import type { ListenAddress } from '../http/address.ts'
import type { ServedMetrics } from '../metrics/serve.ts'
import type { Notifications } from '../notify/notify.ts'
import type { LivePage } from '../page/live-page.ts'
import type { PagePlace } from '../page/serve.ts'
import { feedSetup, metricsConfig, type Setup } from './setup.ts'

/** What is made of the Ticks of a run beside its log: metrics, a page, and notifications. */
export interface Watchers extends AsyncDisposable {
  /** What the loops are to be recorded on; undefined: nothing here. */
  readonly tape: LastingTape | undefined
  /** A loop begins, with this setup. */
  begin(setup: Setup): void
  observe(tick: Tick): void
  /** The host is a member of a fleet, whose figures are asked when they are wanted. */
  watchFleet(figures: () => FleetFigures): void
  /** The run ends by this error. */
  failed(error: unknown): void
}

/**
 * Begins what `setup` asks for; without being asked for, nothing of it is loaded. Rejects with `ERR_LISTEN`, and with a
 * UsageError where the page may not be served as it is asked for.
 */
export async function startWatchers(context: CliContext, setup: Setup, { uri }: Host): Promise<Watchers> {
  const { options, notify } = setup
  const served = options.metrics && (await serve(context, setup, options.metrics))
  const page =
    options.serve &&
    (await show(context, { address: options.serve, tokenFile: options.serveToken }, uri).catch(
      async (error: unknown) => {
        await served?.[Symbol.asyncDispose]()
        throw error
      },
    ))
  const told = notify.length > 0 ? await tell(context, setup, uri) : undefined
  let fleet: (() => FleetFigures) | undefined
  return {
    tape: page?.tape,
    begin(next) {
      served?.configure(metricsConfig(next))
      page?.begin(feedSetup(next))
    },
    observe(tick) {
      served?.metrics.observe(tick)
      if (fleet) page?.showFleet(fleet())
      page?.observe(tick)
      told?.observe(tick)
    },
    watchFleet(figures) {
      fleet = figures
      served?.metrics.watchFleet(figures)
    },
    failed(error) {
      // It ended as it was to, and something in its last tick failed.
      if (!(error instanceof WorkFailed)) told?.failed(error)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([served, page, told].map((one) => one?.[Symbol.asyncDispose]()))
    },
  }
}

async function show(context: CliContext, place: PagePlace, uri: string): Promise<LivePage> {
  const { serveLivePage } = await import('../page/live-page.ts')
  const report = (problem: string) => logNotice(context, problem, { event: 'page', level: 'warn' })
  const page = await serveLivePage(place, withoutPassword(uri), report)
  logNotice(context, `page at ${page.address}`, { event: 'page', level: 'info' })
  return page
}

async function serve(
  context: CliContext,
  setup: Setup,
  addresses: readonly ListenAddress[],
): Promise<ServedMetrics> {
  const { serveMetrics } = await import('../metrics/serve.ts')
  const report = (problem: string) => logNotice(context, problem, { event: 'metrics', level: 'warn' })
  const served = await serveMetrics(addresses, metricsConfig(setup), report)
  for (const address of served.addresses) {
    logNotice(context, `metrics at ${address}`, { event: 'metrics', level: 'info' })
  }
  return served
}

async function tell(context: CliContext, { notify, options }: Setup, uri: string): Promise<Notifications> {
  const { startNotifications } = await import('../notify/notify.ts')
  return await startNotifications(context, notify, { uri, dryRun: options.dryRun ?? false })
}
