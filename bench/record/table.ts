import { type RecordFigures, recordLimits } from './record.ts'

/** The figures of a recording for people. */
export function recordTable(figures: RecordFigures): string {
  const { hours, day, turns, cpu, held, megabytesPerDay, core, heldMore, replaySpeed } = figures
  const line = (what: string, value: string, limit: string) =>
    `  ${what.padEnd(46)}${value.padStart(22)}  ${limit}`
  return [
    `50 guests with 2 vCPUs each, ${hours} simulated hours, ${day.ticks} ticks, ${day.actions} actions`,
    line('MB in 24 hours', megabytesPerDay.toFixed(1), `at most ${recordLimits.megabytesPerDay}`),
    line('replay, times as fast', replaySpeed.toFixed(0), `at least ${recordLimits.replaySpeed}`),
    line('ticks that a replay decides otherwise', `${day.ticksDifferent}`, 'none'),
    `200 guests with 4 vCPUs each, a tick each 2 s, median of ${turns} turns`,
    line(
      'ms of CPU time for a tick, without and with',
      `${cpu.without.median.toFixed(1)}, ${cpu.recorded.median.toFixed(1)}`,
      '',
    ),
    line('percent of a core', (100 * core).toFixed(2), `at most ${100 * recordLimits.core}`),
    line('ms of the JS thread, p99', `${held.without.toFixed(1)}, ${held.recorded.toFixed(1)}`, ''),
    line('more', heldMore.toFixed(1), `at most ${recordLimits.heldMore}`),
    ...day.problems,
    figures.passed ? 'Passed: every limit was met.' : 'Failed: a limit was missed.',
  ].join('\n')
}
