import { formatBytes, formatPercent } from '../../util/format.ts'
import { type Html, html } from './html.ts'
import type { Figure, PeriodSummary } from './summary.ts'
import { changesText } from './words.ts'

const unknown = 'not known'

/** The figures of a period that one wants to see first. */
export function tiles(summary: PeriodSummary): Html {
  const {
    busy,
    longestDelay,
    lowestCpuScore,
    lowestMemoryScore,
    memoryGiven,
    memoryTotal,
    memoryUsed,
    changes,
  } = summary
  const all = changes.pins + changes.sizes + changes.shares
  const worst = summary.worst[0]
  const parts = [
    tile(
      'Load of the pCPUs',
      known(busy, ({ mean }) => formatPercent(mean), unknown),
      known(busy, ({ most }) => `at most ${formatPercent(most)}`),
    ),
    tile(
      'Longest delay',
      known(longestDelay, ({ most }) => formatPercent(most), unknown),
      known(longestDelay, ({ mean }) => `${formatPercent(mean)} on average, of the vCPU that waited longest`),
    ),
    tile('Lowest score', lowestText(lowestCpuScore, lowestMemoryScore), worst?.scoreOf ?? ''),
    tile(
      'Memory given',
      known(memoryGiven, ({ most }) => formatBytes(most), unknown),
      known(
        memoryTotal,
        ({ most }) =>
          `at most, of ${formatBytes(most)}${known(memoryUsed, (used) => `; ${formatBytes(used.most)} used`)}`,
      ),
    ),
    tile(
      'Changes',
      String(all),
      `${changesText(changes)}; ${changes.undone} undone, ${changes.failed} failed`,
    ),
  ]
  return html`<dl>${parts}</dl>`
}

function tile(name: string, value: string, note: string): Html {
  return html`<div><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`
}

function known(figure: Figure, text: (figure: Figure) => string, otherwise = ''): string {
  return Number.isNaN(figure.mean) ? otherwise : text(figure)
}

function lowestText(...scores: readonly Figure[]): string {
  const least = Math.min(...scores.map(({ least }) => least).filter((points) => !Number.isNaN(points)))
  return Number.isFinite(least) ? `${least} of 100` : unknown
}
