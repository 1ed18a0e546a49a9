import { baselineCommit } from './baseline.ts'
import { buildCells, buildColumns, row } from './build-spreads.ts'
import type { Changes } from './changes.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { PassName } from './passes.ts'
import { type SampledBuilds, samplingRatioLimit } from './sampling-builds.ts'
import type { Spread } from './spread.ts'
import { type Check, judge, type Round } from './verdict.ts'

const rows: readonly { readonly pass: PassName; readonly label: string; readonly against?: PassName }[] = [
  { pass: 'rawVcpu', label: 'raw C           VCPU' },
  { pass: 'pythonVcpu', label: 'libvirt-python  VCPU', against: 'rawVcpu' },
  { pass: 'cpuProc', label: 'Ballast         CPU from /proc', against: 'rawVcpu' },
  { pass: 'cpuLibvirt', label: 'Ballast         CPU through libvirt', against: 'rawVcpu' },
  { pass: 'rawFull', label: 'raw C           STATE, VCPU, BALLOON' },
  { pass: 'pythonFull', label: 'libvirt-python  STATE, VCPU, BALLOON', against: 'rawFull' },
  { pass: 'full', label: 'Ballast         CPU and memory', against: 'rawFull' },
]

/** The figures of a round for people. */
export function roundTable(round: Round): string {
  const checks = judge(round)
  const { round: name, domains, spinning, ms, loopDelay, loopDelayAtRest } = round
  const who = spinning > 0 ? `${domains - spinning} paused, ${spinning} spinning` : `${domains} paused`
  return [
    `The ${name} host: ${who}; milliseconds per pass`,
    line('', 'median', 'middle half', 'of raw C', ''),
    ...rows.map(({ pass, label, against }) => {
      const ratio = against === undefined ? '' : (ms[pass].median / ms[against].median).toFixed(3)
      return spreadLine(label, ms[pass], ratio, limitOf(checks, pass))
    }),
    'How long the JS thread was held',
    line('', 'p99', 'most', '', ''),
    loopLine('sampling without a break', loopDelay, limitOf(checks, 'loopDelay')),
    loopLine('idle', loopDelayAtRest, ''),
  ].join('\n')
}

const buildWidths = [14, 10, 18, 9, 18, 8, 8]

/** The same for both builds. */
export function buildsTable(figures: readonly SampledBuilds[]): string {
  return [
    `Milliseconds per pass; baseline ${baselineCommit.slice(0, 8)}, at most ${samplingRatioLimit} of it`,
    row(buildWidths, '', ...buildColumns, ''),
    ...figures.map(({ pass, ms, passed }) =>
      row(buildWidths, pass, ...buildCells(ms), passed ? 'met' : 'MISSED'),
    ),
  ].join('\n')
}

/** The same for what changes of the set cost. */
export function changesTable({ firstSample, oneChanged }: Changes): string {
  return [
    'CPU samples from /proc that find threads; milliseconds',
    line('', 'median', 'middle half', '', ''),
    spreadLine('all domains are new', firstSample, '', ''),
    spreadLine('one domain came or went', oneChanged, '', ''),
  ].join('\n')
}

function spreadLine(label: string, spread: Spread, ratio: string, limit: string): string {
  const half = `${milliseconds(spread.lowerQuartile)} to ${milliseconds(spread.upperQuartile)}`
  return line(label, milliseconds(spread.median), half, ratio, limit)
}

function loopLine(label: string, { p99, most }: LoopDelay, limit: string): string {
  return line(label, milliseconds(p99), milliseconds(most), '', limit)
}

function line(label: string, middle: string, spread: string, ratio: string, limit: string): string {
  const cells = `${middle.padStart(10)}${spread.padStart(20)}${ratio.padStart(10)}`
  return `  ${label.padEnd(38)}${cells}  ${limit}`.trimEnd()
}

function limitOf(checks: readonly Check[], what: Check['what']): string {
  const check = checks.find((one) => one.what === what)
  return check ? `at most ${check.limit}: ${check.passed ? 'met' : 'MISSED'}` : ''
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(1)
}
