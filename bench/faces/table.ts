import { formatPercent } from '../../lib/util/format.ts'
import type { FacesFigures } from './faces.ts'

/** The figures for people. */
export function facesTable({ size, page, server, top }: FacesFigures): string {
  const met = (passed: boolean) => (passed ? 'met' : 'MISSED')
  return [
    `A Tick a second of ${size.guests} guests with ${size.guests * size.vcpus} vCPUs on ${size.pcpus} pCPUs`,
    `  the page in Chromium, no graphics card: ${met(page.passed)}`,
    `    scrolling     ${page.frames.toFixed(1)} frames/s (at least ${page.limits.frames}), the longest ${page.longestFrame.toFixed(0)} ms`,
    `    at rest       ${formatPercent(page.rest)} of a core (at most ${formatPercent(page.limits.rest)}), the whole browser ${formatPercent(page.restOfBrowser)}`,
    `    heap          ${page.heap.toFixed(0)} MiB`,
    `  the server: ${met(server.passed)}`,
    `    ${server.readers} readers, ${server.stuck} stuck: ${formatPercent(server.served - server.bare, 2)} of a core (at most ${formatPercent(server.limit)})`,
    `    none          ${formatPercent(server.alone - server.bare, 2)}; the same program without a page ${formatPercent(server.bare, 2)}`,
    `  ballast top in a terminal of tmux: ${met(top.passed)}`,
    ...top.rounds.map(
      ({ columns, rows, core, residentMiB }) =>
        `    ${columns} x ${rows}`.padEnd(18) +
        `${formatPercent(core)} of a core (at most ${formatPercent(top.limit)}), ${residentMiB.toFixed(0)} MiB resident`,
    ),
  ].join('\n')
}
