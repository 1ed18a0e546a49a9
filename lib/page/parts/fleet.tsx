import type { FleetFigures, FleetHostFigures, FleetMigrationFigures } from '../../report/fleet-figures.ts'
import { counted, formatBytesOf } from '../../util/format.ts'
import { FleetSteps } from './fleet-steps.tsx'
import { percentText } from './texts.tsx'

/** Hosts that have a tile. */
const mostTiles = 60

/** The fleet that the host is a member of: hosts as tiles, migrations as they go and steps, on the page of whoever leads. */
export function Fleet({ figures }: { readonly figures: FleetFigures }) {
  const { fleet, connected, leader, round } = figures
  return (
    <section class="fleet" aria-label="The fleet">
      <h2>Fleet {fleet}</h2>
      <p>{standing(connected, leader, round?.hosts.length)}</p>
      {round && (
        <>
          <ul class="hosts">
            {shownOf(round.hosts).map((host, i) => (
              <Host key={`${host.name} ${i}`} host={host} isLeader={host.name === leader} />
            ))}
          </ul>
          {round.hosts.length > mostTiles && (
            <p class="faint">and {counted(round.hosts.length - mostTiles, 'host')} that are better off</p>
          )}
          {round.migrations.length > 0 && (
            <ul class="migrations" aria-label="Migrations under way">
              {round.migrations.map((migration) => (
                <Migration key={migration.guest} {...migration} />
              ))}
            </ul>
          )}
          <p class="faint">{round.summary}</p>
          <FleetSteps past={round.steps} planned={round.planned} />
        </>
      )}
    </section>
  )
}

/** In their order; of very many those that are worst off. */
function shownOf(hosts: readonly FleetHostFigures[]): readonly FleetHostFigures[] {
  if (hosts.length <= mostTiles) return hosts
  const need = ({ hold, delay = 0, load = 0 }: FleetHostFigures) =>
    (hold === undefined ? 0 : 2) + delay + load / 10
  const worst = new Set(hosts.toSorted((a, b) => need(b) - need(a)).slice(0, mostTiles))
  return hosts.filter((host) => worst.has(host))
}

function standing(connected: boolean, leader: string | undefined, hosts: number | undefined): string {
  if (!connected) return 'NATS cannot be reached: this host goes on by itself, and nothing is moved.'
  if (hosts !== undefined) return `This host leads ${counted(hosts, 'host')}.`
  return leader === undefined ? 'It is not known who leads.' : `Led by ${leader}, whose page shows all hosts.`
}

/** The bar is the load; what is above its end waits. */
function Host({ host, isLeader }: { readonly host: FleetHostFigures; readonly isLeader: boolean }) {
  const { name, load, delay, committed, budget, guests, hold } = host
  const width = `${Math.min(100, 100 * (load ?? 0))}%`
  return (
    <li class={hold === undefined ? 'tile' : 'tile held'}>
      <b>
        <bdi>{name}</bdi>
      </b>
      <span class="bar" aria-hidden="true">
        <span class={load !== undefined && load > 1 ? 'high' : undefined} style={{ width }} />
      </span>
      <small>load {percentText(load)}</small>
      <small>longest delay {percentText(delay, 1)}</small>
      <small>
        {counted(guests, 'guest')}, {formatBytesOf(committed, budget)}
      </small>
      {(isLeader || hold !== undefined) && (
        <small class="state">
          {[isLeader ? 'leads' : '', hold ?? ''].filter((text) => text !== '').join(', ')}
        </small>
      )}
    </li>
  )
}

function Migration({ guest, from, to, isForeign }: FleetMigrationFigures) {
  return (
    <li>
      <bdi>{guest}</bdi>: <bdi>{from ?? '?'}</bdi> → <bdi>{to ?? '?'}</bdi>
      {isForeign && ', by another program'}
    </li>
  )
}
